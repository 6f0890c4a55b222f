// The cards of a process: the server draws them; here are undo, keys, focus, publishing.
import htmx from 'htmx.org';
import { edits } from '../designer/lock.js';
import { publication, showState } from '../designer/page.js';
import { send, sendForm } from '../shared/http.js';
import { toast } from '../shared/toast.js';
import { dragging } from '../simple/dragging.js';
import { settingsOf } from '../simple/settings.js';
import '../styles/designer.css';
import '../styles/simple.css';

const $ = id => document.getElementById(id);
const now = () => JSON.parse($('simple-data').content.textContent);
const undone = [], redone = [];
let page = now(), before = page, typed = false, applied = null, refused = null;

htmx.process(document.body);
const draft = { get etag() { return page.etag; }, get state() { return typed ? 'unsaved' : 'saved'; }, save: apply, stop: () => { typed = false; } };
publication(page, draft);
if (page.addresses.lock) edits(page, draft, keep).beat();
$('undo').addEventListener('click', () => step(undone, redone));
$('redo').addEventListener('click', () => step(redone, undone));
openCards();
const moving = dragging($('pane'), $('lifted'), $('told'));

// ---------------------------------------------------------------- what the server drew anew

document.addEventListener('htmx:beforeRequest', ({ detail }) => {
  before = page;
  if (detail.requestConfig.verb === 'post') showState('saving', {});
});
document.addEventListener('htmx:beforeSwap', ({ detail }) => {
  if (detail.target.id === 'pane') refused = detail.isError || detail.xhr.status >= 400 ? $('sheet') : null;
});
document.addEventListener('htmx:afterSwap', ({ detail }) => {
  if (detail.target.id !== 'pane') return;
  page = now();
  typed = Boolean(refused && $('refusal'));
  if (typed) typedAgain(refused);
  applied?.(!$('refusal'));
  if (detail.requestConfig.verb === 'post' && page.xml !== before.xml) {
    undone.push(before.xml);
    redone.length = 0;
  }
  showState('saved', {});
  buttons();
  openCards();
  moving.moved($('simple-data').dataset.focus);
});
// the links of what was swapped in obey htmx from here on: a key that is pressed at once must find them so
document.addEventListener('htmx:afterSettle', ({ detail }) => {
  if (detail.target.id === 'pane') focus(detail.requestConfig.elt);
});

// what was refused stays as it was typed, beside the reason
function typedAgain(sheet) {
  sheet.querySelector('[name=etag]').value = page.etag;
  if ($('sheet')) $('sheet').replaceWith(sheet);
  else $('pane').append(sheet);
  sheet.querySelector('.tk-sheet-body').prepend($('refusal'));
  htmx.process(sheet);
}

function focus(asked) {
  const sheet = $('sheet'), wanted = asked?.dataset.closesSheet ?? $('simple-data').dataset.focus;
  const target = document.querySelector('#refusal') ?? sheet?.querySelector('h2') ?? (wanted && document.querySelector(`[data-card="${CSS.escape(wanted)}"]`));
  if (!target) return;
  if (target.id === 'refusal') target.tabIndex = -1;
  target.focus();
  target.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

// a "+" or a menu closes when another one opens, and with Escape
function openCards() {
  settingsOf($('sheet'));
  for (const details of document.querySelectorAll('#pane .tk-plus > details, #pane .tk-menu')) {
    details.addEventListener('toggle', () => {
      if (!details.open) return;
      for (const other of document.querySelectorAll('#pane .tk-plus > details[open], #pane .tk-menu[open]')) if (other !== details) other.open = false;
      details.querySelector('button')?.focus();
    });
  }
}

// ---------------------------------------------------------------- what is typed and not applied yet

$('pane').addEventListener('input', event => { typed ||= Boolean(event.target.closest('#sheet')); });
for (const name of ['htmx:responseError', 'htmx:sendError']) document.addEventListener(name, () => applied?.(false));
addEventListener('beforeunload', event => { if (typed) event.preventDefault(); });

// apply the settings that are open, if something was typed into them; whether nothing of it is left behind
async function apply() {
  const form = $('sheet')?.querySelector('form');
  if (!typed || !form) return true;
  if (!form.reportValidity()) return false;
  const answer = new Promise(done => { applied = done; });
  form.requestSubmit();
  const taken = await answer;
  applied = null;
  return taken;
}

// as a copy of the drawing for which it was typed; gives the address of both beside each other
async function keep() {
  const form = $('sheet')?.querySelector('form');
  if (!form) return null;
  const typedHere = new FormData(form);
  typedHere.set('base', page.xml);
  return (await sendForm(form.action, typedHere)).address;
}

// whoever goes to another card, or to the flowchart, takes along what he has typed; to close the settings drops it
document.addEventListener('click', async event => {
  const link = event.target.closest('a[href]');
  if (!typed || !link || 'closesSheet' in link.dataset || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation();
  const stays = Boolean(link.closest('#pane') && link.dataset.card), { href } = link;
  if (!await apply()) return;
  if (stays) htmx.ajax('GET', href, { target: '#pane' });
  else location.assign(href);
}, { capture: true });

// as does whoever adds, moves or removes a card: what he has typed is applied first, then the same button of the new page
document.addEventListener('submit', async event => {
  const form = event.target, by = event.submitter;
  if (!typed || !form.closest('#pane') || form.closest('#sheet')) return;
  event.preventDefault();
  event.stopPropagation();
  if (applied) return;                                       // a double click
  const wanted = asks(form);
  const settled = new Promise(done => document.addEventListener('htmx:afterSettle', done, { once: true }));
  if (!await apply()) return;
  await settled;                                             // before that htmx does not know the new page
  const same = [...document.querySelectorAll('#pane form')].find(one => asks(one) === wanted);
  const button = by && [...same?.querySelectorAll('button') ?? []].find(({ name, value }) => name === by.name && value === by.value);
  if (button) button.click();
  else same?.requestSubmit();
}, { capture: true });

// what a form would do, whichever state of the draft it was made for
function asks(form) {
  const said = [...form.querySelectorAll('input[type=hidden]')].filter(({ name }) => !['csrf_token', 'etag', 'request_id'].includes(name));
  return [form.action, ...said.map(({ name, value }) => `${name}=${value}`)].join(' ');
}

// ---------------------------------------------------------------- undo

async function step(from, to) {
  if (!from.length) return;
  const xml = from.at(-1);
  showState('saving', {});
  try {
    await send('PUT', page.addresses.draft, { xml }, { 'If-Match': page.etag });
    from.pop();
    to.push(page.xml);
    await refresh();
  } catch (error) {
    showState(error.status === 409 ? 'conflict' : 'failed', {});
    toast({ level: 'danger', text: error.message });
  }
}

const refresh = () => htmx.ajax('GET', page.addresses.simple, { target: '#pane' });

function buttons() {
  $('undo').disabled = !undone.length;
  $('redo').disabled = !redone.length;
}

// ---------------------------------------------------------------- keys

document.addEventListener('keydown', event => {
  if (event.isComposing || event.keyCode === 229) return;      // a letter of pinyin, not a key
  const typing = event.target.closest('input, textarea, select, dialog');
  if ((event.ctrlKey || event.metaKey) && !typing) {
    const key = event.key.toLowerCase();
    if (key === 'z' && !event.shiftKey) { event.preventDefault(); step(undone, redone); }
    else if (key === 'y' || key === 'z') { event.preventDefault(); step(redone, undone); }
    return;
  }
  if (event.key === 'Escape') escape(event);
  else if (!typing && event.altKey) moving.byKey(event);
  else if (!typing) walk(event);
});

function escape(event) {
  const open = event.target.closest('.tk-plus > details[open], .tk-menu[open]') ?? document.querySelector('#pane .tk-plus > details[open], #pane .tk-menu[open]');
  if (open) {
    open.open = false;
    open.querySelector('summary').focus();
  } else if ($('sheet') && !event.target.closest('dialog')) $('sheet').querySelector('[data-closes-sheet]').click();
}

// arrows go from card to card and with Alt move it, "+" adds behind, Delete removes
function walk(event) {
  const card = event.target.closest('[data-card]');
  if (!card) return;
  const all = [...document.querySelectorAll('#pane [data-card]')].filter(found => found.checkVisibility());
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by) {
    event.preventDefault();
    all[all.indexOf(card) + by]?.focus();
  } else if (event.key === '+' || event.key === 'Insert') {
    const plus = card.closest('.tk-condition')?.parentElement.querySelector(':scope > .tk-path > .tk-edge .tk-plus > details')
      ?? card.closest('.tk-step')?.querySelector(':scope > .tk-plus > details');
    if (plus) { event.preventDefault(); plus.open = true; }
  } else if (event.key === 'Delete') {
    const form = card.parentElement.querySelector('form[data-removes]');
    if (form) { event.preventDefault(); form.requestSubmit(); }
  }
}
