// What the editors of drawings, decisions and forms share: state of the draft, conflicts, who edits, copies, publishing.
import { Refused, send } from '../shared/http.js';
import { t } from '../shared/i18n.js';
import { toast } from '../shared/toast.js';
import { forget, found } from '../shared/unsent.js';
import { whatFailed } from './draft.js';
import { edits } from './lock.js';

const STATES = {
  saved: ['bg-green-lt', 'Saved'], unsaved: ['bg-yellow-lt', 'Not saved'], saving: ['bg-azure-lt', 'Saving…'],
  conflict: ['bg-red-lt', 'Changed by somebody else'], failed: ['bg-red-lt', 'Not saved: the server refused'],
  offline: ['bg-red-lt', 'Not saved: no connection'], expired: ['bg-red-lt', 'Not saved: sign in again'],
};
const LOST = {
  offline: 'There is no connection. What you do stays in this browser and is saved as soon as there is one.',
  expired: 'You are signed out. What you did stays in this browser: load the page again, sign in and go on with it.',
};
const $ = id => document.getElementById(id);

export function showState(state, { savedAt } = {}) {
  const [className, text] = STATES[state];
  const time = savedAt ? ` ${new Date(savedAt).toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' })}` : '';
  Object.assign($('state'), { className: `badge ${className}`, textContent: t(text) + time });
  $('state').dataset.state = state;
}

function conflict(draft) {
  const dialog = $('conflict');
  const tell = draft.onState;
  draft.onState = (state, detail) => {
    tell(state, detail);
    if (state === 'saved') draft.told = '';
    const text = LOST[state] ? t(LOST[state]) : state === 'failed' && (detail.detail ?? t('Your changes were not saved.'));
    if (text && draft.told !== state) toast({ level: 'danger', text });
    if (LOST[state]) draft.told = state;
    if (state !== 'conflict' || dialog.open) return;
    dialog.querySelector('[data-reason]').textContent = detail.detail ?? '';
    dialog.showModal();
  };
  $('take-theirs').addEventListener('click', async () => {
    draft.stop();
    if (draft.unsent) await forget(draft.unsent);
    location.reload();
  });
  $('keep-mine').addEventListener('click', () => { dialog.close(); draft.save({ force: true }); });
}

// whether the server has what is on the canvas; whoever asks is told again why not, and led to where he signs in
async function arrived(draft) {
  draft.told = '';
  if (await draft.save()) return true;
  if (draft.state === 'expired' && draft.unsent) {
    await draft.letGo();
    location.reload();
  }
  return false;
}

// a check that came to no end; of a connection that is lost, or a session that has ended, the draft tells. words(reason)
export function tellUnchecked(error, words) {
  if (['offline', 'expired'].includes(whatFailed(error))) return;
  if (!(error instanceof Refused)) console.error(error);
  toast({ level: 'danger', text: words(error.message) });
}

// everything about a draft but its content. now(): as it stands in the editor; take(xml): puts another state there;
// before(): see publication. Gives the lock, and what is to be asked once the editor is open
export function attend(page, draft, { now, take, before }) {
  conflict(draft);
  publication(page, draft, before);
  leaving(draft, before);
  discards(draft);
  const aside = async () => putAside(page, draft, await now());
  $('compare').addEventListener('click', async () => location.assign(await aside()));
  const lock = page.addresses.lock ? edits(page, draft, aside) : null;
  if (lock) draft.ours = lock.beat;
  return { lock, begin: async () => { await lock?.beat(); await offerUnsent(page, draft, take); } };
}

// what is typed is saved first: it stays in the history
function discards(draft) {
  const dialog = $('discard'), form = dialog.querySelector('form');
  $('discards').addEventListener('click', async () => {
    if (draft.state !== 'saved' && !await arrived(draft)) return;
    if (/^0(-|$)/.test(draft.etag)) {
      toast({ level: 'info', text: t('There is no draft: nothing differs from what is published.') });
      return;
    }
    form.elements.etag.value = draft.etag;
    dialog.showModal();
  });
  dialog.querySelector('[data-closes]').addEventListener('click', () => dialog.close());
  form.addEventListener('submit', () => draft.stop());
}

// what cannot be saved is put aside on the server; gives the address of both beside each other
async function putAside(page, draft, content) {
  const { address } = await send('POST', page.addresses.aside, { content });
  draft.stop();
  if (draft.unsent) await forget(draft.unsent);
  return address;
}

// what an earlier page of the same person could not send, if it was lost by a crash; take(xml) puts it into the editor
async function offerUnsent(page, draft, take) {
  const left = await found(draft.unsent);
  if (!left) return;
  if (left.xml === (page.xml ?? page.content)) {
    await forget(draft.unsent);
    return;
  }
  const dialog = $('unsent'), at = new Date(left.at).toLocaleString(document.documentElement.lang);
  dialog.querySelector('[data-when]').textContent = left.etag === page.etag
    ? t('This browser keeps work of yours of {at}.', { at })
    : t('This browser keeps work of yours of {at}. The draft was changed since.', { at });
  $('unsent-go-on').hidden = left.etag !== page.etag;
  $('unsent-go-on').onclick = async () => { await take(left.xml); dialog.close(); };
  $('unsent-drop').onclick = async () => { await forget(draft.unsent); dialog.close(); };
  $('unsent-compare').onclick = async () => location.assign(await putAside(page, draft, left.xml));
  dialog.addEventListener('cancel', event => event.preventDefault());
  dialog.showModal();
}

// what a link leads to shows the saved draft, and whoever comes back finds it
function leaving(draft, before = async () => {}) {
  document.addEventListener('click', async event => {
    const link = event.target.closest('a[data-saves]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    await before();
    if (['saved', 'stopped'].includes(draft.state) || await arrived(draft)) location.assign(link.href);
  });
}

// the page on which a file is published shows the saved draft; before(): what is typed is taken along
export function publication(page, draft, before = async () => {}) {
  $('deploy').addEventListener('click', async () => {
    await before();
    if (await arrived(draft)) location.assign(page.addresses.publish);
  });
}
