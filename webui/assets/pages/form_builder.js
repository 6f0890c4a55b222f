// The page of a form: kinds, fields, properties, preview, draft, findings, publishing.
import { content, flush, open } from '../forms/editor.js';
import { Names } from '../forms/names.js';
import { Preview } from '../forms/preview.js';
import { shown } from '../forms/shown.js';
import { speakOf } from '../designer/comments.js';
import { Draft } from '../designer/draft.js';
import { attend, showState, tellUnchecked } from '../designer/page.js';
import { Problems } from '../designer/problems.js';
import { send } from '../shared/http.js';
import { t } from '../shared/i18n.js';
import '../shared/calendar.js';
import { whileBusy } from '../shared/ready.js';
import '@bpmn-io/form-js-viewer/dist/assets/form-js.css';
import '@bpmn-io/form-js-editor/dist/assets/form-js-editor-base.css';
import '@bpmn-io/form-js-editor/dist/assets/properties-panel.css';
import '../styles/designer.css';
import '../styles/panel.css';
import '../styles/form.css';
import '../styles/form_builder.css';
import '../styles/editors_dark.css';

const CHECK_AFTER_MS = 600;
const $ = id => document.getElementById(id);

whileBusy(start().catch(failed));

async function start() {
  const page = JSON.parse($('form-data').textContent), schema = JSON.parse(page.content);
  const used = { fields: {}, used: [] };
  let draft = null, check = null, preview = null, names = null;
  const editor = await open({
    container: $('fields'), palette: $('palette'), properties: $('properties'), schema,
    offers: { tables: page.tables, dictionaries: page.dictionaries, teams: page.groups, used: () => used },
    changed: () => { draft?.changed(); check?.soon(); preview?.soon(); names?.show(); undoable(editor); },
  });
  const text = () => content(editor, schema), head = document.querySelector('h1');
  names = new Names(editor, $('names'), title => { head.textContent = title || page.id; });
  const problems = new Problems($('problems'), id => show(editor, id));
  draft = new Draft({
    address: page.addresses.draft, etag: page.etag, field: 'content', onState: showState,
    xml: async () => text(), unsent: `${page.person}:form:${page.id}`, glance: async () => text(),
  });
  check = checker({ page, text, editor, problems, used });
  preview = new Preview({
    address: page.addresses.preview, frame: page.addresses.frame, language: page.language, content: text,
    parts: { frame: $('frame'), stage: $('stage'), use: $('use'), sample: $('sample'), sampleError: $('sample-error'), unshown: $('unshown'), bar: document.querySelector('.tk-preview-head') },
  });
  listen(editor, draft, problems, check);
  speakOf($('comments'), page, () => { const chosen = editor.get('selection').get(); return chosen?.type === 'default' ? '' : chosen?.id; });
  numbers(page.comments);
  const { lock, begin } = attend(page, draft, {
    before: () => flush($('properties'), $('fields')),
    now: async () => text(),
    take: async left => {
      await editor.importSchema(JSON.parse(left));
      names.show();
      draft.changed();
      await Promise.all([check.now(), preview.now()]);
    },
  });
  globalThis.tkForm = { editor, draft, preview, text, lock };      // for browser tests and the console
  await Promise.all([check.now(), preview.now(), begin()]);
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (wanted) show(editor, wanted);
}

// Newest answer wins
function checker({ page, text, editor, problems, used }) {
  let timer = null, asked = 0;
  const show = findings => problems.set(findings.map(finding => ({ ...finding, name: nameOf(editor, finding.element) })));
  const now = async () => {
    clearTimeout(timer);
    const mine = ++asked;
    try {
      const answer = await send('POST', page.addresses.check, { content: text() });
      if (mine !== asked) return;
      show(answer.findings);
      Object.assign(used, { fields: answer.fields, used: answer.used });
      listUses(answer.used);
      editor._setState({});      // the panel shows who uses the field
    } catch (error) {
      if (mine === asked) tellUnchecked(error, reason => t('The form could not be checked: {reason}', { reason }));
    }
  };
  return { now, show, soon: () => { clearTimeout(timer); timer = setTimeout(now, CHECK_AFTER_MS); } };
}

function listUses(used) {
  const list = $('used').querySelector('ul');
  const link = ({ address, process, name }) => Object.assign(document.createElement('a'), { href: address, textContent: `${process} · ${name}`, className: 'text-decoration-underline' });
  list.replaceChildren(...(used.length ? used.map(link) : [t('No process shows this form yet.')]).map(inside => {
    const item = document.createElement('li');
    item.append(inside);
    return item;
  }));
}

// at each field how many threads are open; a rule for each, since the editor draws its fields anew whenever it likes
function numbers(comments) {
  const sheet = new CSSStyleSheet();
  for (const [id, count] of Object.entries(comments)) if (id) sheet.insertRule(`#fields [data-id="${CSS.escape(id)}"]::before { content: "” ${Number(count)}"; }`);
  document.adoptedStyleSheets.push(sheet);
}

function nameOf(editor, id) {
  const field = id && editor.get('formFieldRegistry').get(id);
  return (field && shown(field).label) || field?.key || '';
}

function show(editor, id) {
  const field = editor.get('formFieldRegistry').get(id);
  if (!field) return;
  editor.get('selection').set(field);
  $('fields').querySelector(`[data-id="${CSS.escape(id)}"]`)?.scrollIntoView({ block: 'center' });
}

function listen(editor, draft, problems, check) {
  // saving by itself leaves the field alone, which writes a moment after the last key and so starts the next save
  const saveAndCheck = async () => {
    await flush($('properties'), $('fields'));
    await Promise.all([draft.save(), check.now()]);
  };
  $('save').addEventListener('click', saveAndCheck);
  for (const act of ['undo', 'redo']) $(act).addEventListener('click', () => editor.get('commandStack')[act]());
  undoable(editor);
  document.addEventListener('keydown', event => {
    if (event.isComposing || event.keyCode === 229) return;      // a letter of pinyin, not a key
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's') { event.preventDefault(); saveAndCheck(); }
    else if (event.key === 'F8') { event.preventDefault(); problems.step(event.shiftKey ? -1 : 1); }
  });
}

function undoable(editor) {
  const stack = editor.get('commandStack');
  $('undo').disabled = !stack.canUndo();
  $('redo').disabled = !stack.canRedo();
}

function failed(error) {
  console.error(error);
  document.querySelector('main').before(Object.assign(document.createElement('div'), {
    className: 'alert alert-danger m-3', role: 'alert', textContent: t('The form cannot be opened: {reason}', { reason: error.message }),
  }));
}
