// The page of a decision file: editor, draft, findings on the rows, rows of tests, a file of data, publishing.
import { Coverage } from '../decisions/coverage.js';
import { currentXml, keepTests, labelOf, open, testsOf } from '../decisions/file.js';
import { missing } from '../decisions/language.js';
import { Known, showKnown } from '../decisions/known.js';
import { Marks } from '../decisions/marks.js';
import { menuKeys } from '../decisions/menu_keys.js';
import { Names } from '../decisions/names.js';
import { PlainWords } from '../decisions/plain_words.js';
import { sheet } from '../decisions/sheet.js';
import { Simulation } from '../decisions/simulation.js';
import { Tests } from '../decisions/tests.js';
import { speakOf } from '../designer/comments.js';
import { Draft } from '../designer/draft.js';
import { attend, showState, tellUnchecked } from '../designer/page.js';
import { Problems } from '../designer/problems.js';
import { send } from '../shared/http.js';
import { t } from '../shared/i18n.js';
import { whileBusy } from '../shared/ready.js';
import 'dmn-js/dist/assets/diagram-js.css';
import 'dmn-js/dist/assets/dmn-js-shared.css';
import 'dmn-js/dist/assets/dmn-js-drd.css';
import 'dmn-js/dist/assets/dmn-js-decision-table.css';
import 'dmn-js/dist/assets/dmn-js-decision-table-controls.css';
import 'dmn-js/dist/assets/dmn-js-literal-expression.css';
import 'dmn-js/dist/assets/dmn-js-boxed-expression.css';
import 'dmn-js/dist/assets/dmn-js-boxed-expression-controls.css';
import 'dmn-js/dist/assets/dmn-font/css/dmn.css';
import '../styles/designer.css';
import '../styles/panel.css';
import '../styles/decisions.css';
import '../styles/editors_dark.css';

const CHECK_AFTER_MS = 600;
const $ = id => document.getElementById(id);

whileBusy(start().catch(failed));

async function start() {
  const page = JSON.parse($('decision-data').textContent);
  let draft = null, check = null, coverage = null, names = null;
  const changed = () => { draft?.changed(); check?.soon(); coverage?.forget(); undoable(modeler); names?.show(); };
  const known = new Known(page.addresses.known);
  const { modeler, unread } = await open({ container: $('editor'), xml: page.xml, known, changed: () => changed() });
  const xml = () => currentXml(modeler, $('editor'));
  const marks = new Marks($('editor'), column => labelOf(modeler, column));
  marks.setComments(page.comments);
  speakOf($('comments'), page, () => marks.chosen);
  menuKeys($('editor'), () => modeler.getActiveViewer()?.get('contextMenu', false)?.close());
  const title = document.querySelector('h1');
  names = new Names(modeler, $('names'), name => { title.textContent = name || page.key; });
  names.changed = () => changed();
  names.show();
  const show = id => lead(modeler, marks, id);
  const plain = new PlainWords(modeler, $('editor'));
  const problems = new Problems($('problems'), show, { play: () => ({ clear() {} }), mend: fix => plain.mend(fix) });
  const choices = name => known.names.find(one => one.name === name)?.choices ?? [];
  const tests = new Tests({ table: $('tests'), choices, changed: () => { keepTests(modeler, $('decision').value, tests.rows); draft.changed(); check.tried(); } });
  draft = new Draft({
    address: page.addresses.draft, etag: page.etag, xml, onState: showState,
    unsent: `${page.person}:decision:${page.key}`, glance: async () => (await modeler.saveXML({ format: true })).xml,
  });
  check = checker({ modeler, page, problems, marks, tests, unread, plain });

  $('data-hint').textContent = t('.xlsx or .csv, at most {megabytes} MB and {rows} rows; the first row names the inputs, a column “expected” is compared.', page.limits);
  $('add-row').addEventListener('click', () => tests.add());
  const fromFile = () => tests.set([], testsOf(modeler, $('decision').value));      // at once: what is shown is what is kept
  $('decision').addEventListener('change', () => { fromFile(); check.now(); });
  const take = async left => {
    await modeler.importXML(left);
    fromFile();
    draft.changed();
    await check.now();
  };
  new Simulation({
    form: $('simulation'), button: $('download'), error: $('data-error'), result: $('data-result'), address: page.addresses.simulate,
    asked: async () => ({ xml: await xml(), decision: $('decision').value }), shown: coverage => marks.setHits(coverage),
  });
  coverage = new Coverage({ button: $('cover'), result: $('covered'), address: page.addresses.scenarios, saved: () => draft.state === 'saved' || draft.save(), marked: rules => marks.setFired(rules) });
  sheet({ form: $('sheet'), address: page.addresses.sheet, key: page.key, xml, decision: () => $('decision').value, take });
  views(modeler);
  listen(modeler, draft, problems, check);
  const { lock, begin } = attend(page, draft, {
    now: xml,
    take,
  });
  globalThis.tkDecision = { modeler, draft, missing, lock };      // for browser tests and the console
  await Promise.all([knowing(known, modeler).then(() => { plain.ready = true; }, notKnown).then(check.now), begin()]);
  if (location.hash) await show(decodeURIComponent(location.hash.slice(1)));
}

async function knowing(known, modeler) {
  const used = await known.load(), columns = () => modeler.getActiveViewer()?.get('tkColumns', false);
  showKnown({ host: $('askers'), list: $('known'), used, names: known.names, add: name => columns()?.add(name) });
  const list = () => { $('known').hidden = !columns(); };
  modeler.on('views.changed', list);
  list();
}

function notKnown(error) {
  $('askers').textContent = t('What the processes know could not be read: {reason}', { reason: error.message });
}

// to a part of the file, in the view that shows it
async function lead(modeler, marks, id) {
  const within = element => element && (element.id === id || ['decisionLogic', 'encapsulatedLogic', 'input', 'output', 'rule', 'inputEntry', 'outputEntry', 'inputExpression'].some(part => [element[part] ?? []].flat().some(within)));
  const view = modeler.getViews().find(({ type, element }) => type !== 'drd' && within(element));
  if (view && modeler.getActiveView()?.id !== view.id) await modeler.open(view);
  marks.show(id);
}

// Newest answer wins; one question at a time costs the server least
function checker({ modeler, page, problems, marks, tests, unread, plain }) {
  let timer = null, trial = null, asked = 0, tried = 0;
  const lost = unread.map(message => ({ rule: 'not-readable', level: 'error', element: null, hint: message, message: t('The editor cannot show this part of the file: saving would lose it.') }));
  const xmlNow = async () => (await modeler.saveXML()).xml;
  const show = findings => {
    problems.set([...lost, ...findings.map(finding => ({ ...finding, name: (finding.numbers ?? []).map(n => t('Rule {n}', { n })).join(', ') || nameOf(modeler, finding.element) }))]);
    marks.setFindings(findings);
  };
  const decide = async () => {
    clearTimeout(trial);
    const mine = ++tried, decision = $('decision').value;
    if (!decision) return;
    try {
      const { rows, coverage } = await send('POST', page.addresses.try, { xml: await xmlNow(), decision, rows: JSON.stringify(tests.filled) });
      if (mine !== tried) return;
      tests.show(rows);
      marks.setHits(tests.filled.length ? coverage : null);
    } catch (error) {
      if (mine === tried) tests.show(tests.filled.map(() => ({ value: '', rules: [], problems: [error.message], passed: null })));
    }
  };
  const now = async () => {
    clearTimeout(timer);
    const mine = ++asked;
    try {
      const { findings, decisions } = await send('POST', page.addresses.check, { xml: await xmlNow() });
      if (mine !== asked) return;
      show([...findings, ...plain.findings()]);
      choose(decisions);
      const chosen = decisions.find(({ id }) => id === $('decision').value);
      if (chosen) tests.set(chosen.inputs, tests.filled.length ? tests.rows : testsOf(modeler, chosen.id));
      await decide();
    } catch (error) {
      if (mine === asked) tellUnchecked(error, reason => t('The table could not be checked: {reason}', { reason }));
    }
  };
  return {
    now, show, soon: () => { clearTimeout(timer); timer = setTimeout(now, CHECK_AFTER_MS); },
    tried: () => { clearTimeout(trial); trial = setTimeout(decide, CHECK_AFTER_MS / 2); },
  };
}

function nameOf(modeler, id) {
  const found = modeler.getDefinitions().get('drgElement').find(element => id && [element.id, element.decisionLogic?.id].includes(id));
  return found?.name ?? '';
}

function choose(decisions) {
  const select = $('decision'), before = select.value;
  select.replaceChildren(...decisions.map(({ id, name }) => Object.assign(document.createElement('option'), { value: id, textContent: name || id })));
  if (decisions.some(({ id }) => id === before)) select.value = before;
  select.hidden = decisions.length < 2;
}

function views(modeler) {
  const select = $('views');
  const list = () => {
    const found = modeler.getViews(), active = modeler.getActiveView();
    select.replaceChildren(...found.map((view, index) => Object.assign(document.createElement('option'), { value: index, selected: view.id === active?.id, textContent: view.type === 'drd' ? t('Requirements') : view.name || view.id })));
    select.hidden = found.length < 3;      // a drawing without a place for anything and one table: nothing to choose
  };
  modeler.on('views.changed', () => { list(); follow(modeler); });
  select.addEventListener('change', () => modeler.open(modeler.getViews()[Number(select.value)]));
  list();
}

// what is tried is what is shown
function follow(modeler) {
  const select = $('decision'), shown = modeler.getActiveView()?.element?.id;
  if (shown === select.value || ![...select.options].some(({ value }) => value === shown)) return;
  select.value = shown;
  select.dispatchEvent(new Event('change'));
}

function listen(modeler, draft, problems, check) {
  const saveAndCheck = () => Promise.all([draft.save(), check.now()]);
  $('save').addEventListener('click', saveAndCheck);
  for (const act of ['undo', 'redo']) $(act).addEventListener('click', () => modeler.getActiveViewer()?.get('commandStack')[act]());
  modeler.on('views.changed', () => undoable(modeler));
  undoable(modeler);
  document.addEventListener('keydown', event => {
    if (event.isComposing || event.keyCode === 229) return;      // a letter of pinyin, not a key
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's') { event.preventDefault(); saveAndCheck(); }
    else if (event.key === 'F8') { event.preventDefault(); problems.step(event.shiftKey ? -1 : 1); }
  });
}

function undoable(modeler) {
  const stack = modeler.getActiveViewer()?.get('commandStack', false);
  $('undo').disabled = !stack?.canUndo();
  $('redo').disabled = !stack?.canRedo();
}

function failed(error) {
  console.error(error);
  $('editor').append(Object.assign(document.createElement('div'), {
    className: 'alert alert-danger m-3', role: 'alert', textContent: t('The table cannot be opened: {reason}', { reason: error.message }),
  }));
}
