// What the pages of drawings and of decisions share: state of the draft, what to do about a conflict, the deployment.
import { Refused, send } from '../shared/http.js';
import { t } from '../shared/i18n.js';
import { toast } from '../shared/toast.js';
import { forget, found } from '../shared/unsent.js';

const STATES = {
  saved: ['bg-green-lt', 'Saved'], unsaved: ['bg-yellow-lt', 'Not saved'], saving: ['bg-azure-lt', 'Saving…'],
  conflict: ['bg-red-lt', 'Changed by somebody else'], failed: ['bg-red-lt', 'Not saved: the server refused'],
};
const $ = id => document.getElementById(id);

export function showState(state, { savedAt } = {}) {
  const [className, text] = STATES[state];
  const time = savedAt ? ` ${new Date(savedAt).toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' })}` : '';
  Object.assign($('state'), { className: `badge ${className}`, textContent: t(text) + time });
  $('state').dataset.state = state;
}

export function conflict(draft) {
  const dialog = $('conflict');
  const tell = draft.onState;
  draft.onState = (state, detail) => {
    tell(state, detail);
    if (state === 'failed') toast({ level: 'danger', text: detail.detail ?? t('Your changes were not saved.') });
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

// what cannot be saved is put aside on the server; gives the address of both beside each other
export async function putAside(page, draft, xml) {
  const { address } = await send('POST', page.addresses.aside, { xml });
  draft.stop();
  if (draft.unsent) await forget(draft.unsent);
  return address;
}

// what an earlier page of the same person could not send, if it was lost by a crash; take(xml) puts it on the canvas
export async function offerUnsent(page, draft, take) {
  const left = await found(draft.unsent);
  if (!left) return;
  if (left.xml === page.xml) {
    await forget(draft.unsent);
    return;
  }
  const dialog = $('unsent'), at = new Date(left.at).toLocaleString(document.documentElement.lang);
  dialog.querySelector('[data-when]').textContent = left.etag === page.etag
    ? t('This browser keeps work of yours on this drawing of {at}.', { at })
    : t('This browser keeps work of yours on this drawing of {at}. The draft was changed since.', { at });
  $('unsent-go-on').hidden = left.etag !== page.etag;
  $('unsent-go-on').onclick = async () => { await take(left.xml); dialog.close(); };
  $('unsent-drop').onclick = async () => { await forget(draft.unsent); dialog.close(); };
  $('unsent-compare').onclick = async () => location.assign(await putAside(page, draft, left.xml));
  dialog.addEventListener('cancel', event => event.preventDefault());
  dialog.showModal();
}

// the page on which a process is published shows the saved draft
export function publication(page, draft) {
  $('deploy').addEventListener('click', async () => {
    if (await draft.save()) location.assign(page.addresses.publish);
  });
}

export function deployment(page, draft, check) {
  const dialog = $('deployment'), form = dialog.querySelector('form'), button = form.querySelector('[type=submit]');
  $('deploy').addEventListener('click', () => { dialog.querySelector('[data-refusal]').hidden = true; dialog.showModal(); });
  form.addEventListener('submit', async event => {
    event.preventDefault();
    button.disabled = true;
    try {
      if (!await draft.save()) {
        dialog.close();
        return;
      }
      const { version, etag = draft.etag } = await send('POST', page.addresses.deploy, { note: form.elements.note.value, etag: draft.etag });
      draft.etag = etag;
      dialog.close();
      form.reset();
      $('version').textContent = t('Version {version}', { version });
      toast({ level: 'success', text: t('Version {version} is deployed. New requests follow it.', { version }) });
      await check.now();
    } catch (error) {
      refused(error, dialog, check);
    } finally {
      button.disabled = false;
    }
  });
}

function refused(error, dialog, check) {
  const findings = error instanceof Refused ? error.body?.findings : null;
  if (findings) check.show(findings);
  const refusal = dialog.querySelector('[data-refusal]');
  refusal.replaceChildren(Object.assign(document.createElement('p'), { className: 'mb-1', textContent: error.message }));
  const list = document.createElement('ul');
  list.className = 'mb-0';
  for (const { level, message } of findings ?? []) {
    if (level === 'error') list.append(Object.assign(document.createElement('li'), { textContent: message }));
  }
  refusal.append(list);
  refusal.hidden = false;
}
