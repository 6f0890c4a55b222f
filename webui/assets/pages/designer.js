// The designer's page: canvas, panel, draft, findings, deployment.
import { showComments } from '../designer/comments.js';
import { currentXml, glance, open } from '../designer/index.js';
import { Draft } from '../designer/draft.js';
import { missing } from '../designer/language/index.js';
import { menu } from '../designer/menu.js';
import { attend, showState, tellUnchecked } from '../designer/page.js';
import { Problems } from '../designer/problems.js';
import { showReport } from '../designer/report.js';
import { wide } from '../designer/width.js';
import { saving } from '../designer/templates/dialog.js';
import { fit } from '../shared/fit.js';
import { get, send } from '../shared/http.js';
import { t } from '../shared/i18n.js';
import { whileBusy } from '../shared/ready.js';
import { walk } from '../shared/walk.js';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import '@bpmn-io/properties-panel/assets/properties-panel.css';
import 'bpmn-js-color-picker/colors/color-picker.css';
import 'diagram-js-minimap/assets/diagram-js-minimap.css';
import '../styles/designer.css';
import '../styles/panel.css';
import '../styles/editors_dark.css';

const CHECK_AFTER_MS = 600;
const $ = id => document.getElementById(id);

whileBusy(start().catch(failed));

async function start() {
  const page = JSON.parse($('designer-data').textContent);
  const { modeler, unread } = await open({ canvas: $('canvas'), panel: $('panel'), xml: page.xml, catalogue: await get(page.addresses.catalogue) });
  modeler.get('troikaVariables').judge = async (text, kind) => (await send('POST', page.addresses.expression, { key: page.key, xml: await glance(modeler), text, kind })).findings;
  modeler.get('troikaVariables').attempt = async (text, kind, values) => send('POST', page.addresses.try, { key: page.key, xml: await glance(modeler), text, kind, values });
  modeler.get('troikaVariables').coming = async (text, kind, calendar, values) => send('POST', page.addresses.timer, { key: page.key, xml: await glance(modeler), text, kind, calendar, values });
  modeler.get('troikaConditions').ask = asked => {
    if (asked.rows) draft.changed();      // rows on their way are a change already: who follows a link now is to wait for them
    return send('POST', page.addresses.condition, asked);
  };
  const draft = new Draft({ address: page.addresses.draft, etag: page.etag, xml: () => currentXml(modeler), onState: showState,
    unsent: `${page.person}:${page.key}`, glance: () => glance(modeler) });
  const problems = new Problems($('problems'), (...what) => modeler.get('troikaFindings').show(...what), {
    play: steps => walk(modeler, steps), mend: fix => modeler.get('troikaFixes').apply(fix),
  });
  const check = checker(modeler, page, problems, unread);

  modeler.on('commandStack.changed', () => { draft.changed(); check.soon(); });
  listen(modeler, draft, problems, check);
  menu(modeler, { key: page.key, xml: () => currentXml(modeler), onNames: check.now });
  saving(modeler, { key: page.key, address: page.addresses.template, xml: () => currentXml(modeler) });
  const { lock, begin } = attend(page, draft, {
    now: () => currentXml(modeler),
    take: async xml => {
      await modeler.importXML(xml);
      fit(modeler, 110);
      draft.changed();
      await check.now();
    },
  });
  showComments(modeler, page, $('comments'));
  wide($('panel').parentElement);
  new ResizeObserver(() => modeler.get('canvas').resized()).observe($('canvas'));      // panel and list take room from it
  modeler.get('troikaAudience').attach($('audience'));
  modeler.get('troikaPlay').attach({
    host: $('play'), others: [$('panel'), $('audience'), $('report')], button: $('try'), address: page.addresses.play, person: page.person,
    xml: () => currentXml(modeler), onFindings: found => check.show(found),
  });
  if (page.report) showReport($('report'), page.report, page.addresses.report, id => modeler.get('troikaFindings').show(id));
  globalThis.tkDesigner = { modeler, draft, missing, lock };      // for browser tests and the console
  await Promise.all([check.now(), begin()]);
  // the panel listens to the selection only once it has been painted: an element that is chosen before is not shown there
  const wanted = decodeURIComponent(location.hash.slice(1));
  const element = wanted && modeler.get('elementRegistry').get(wanted);
  if (element) {
    modeler.get('troikaFindings').show(wanted);
    asLeft(modeler.get('canvas'), element);
  }
  const asked = new URLSearchParams(location.search), play = modeler.get('troikaPlay');
  if (asked.has('scenario')) await play.follow(asked.get('scenario'));
  else if (asked.has('play')) await play.toggle();
  addEventListener('pagehide', () => sessionStorage.setItem(PLACE, JSON.stringify(placed(modeler.get('canvas')))));
}

// whoever comes back to an element finds the sheet where it was
const PLACE = `tk-sheet:${location.pathname}`;

function placed(canvas) {
  const { x, y, width, height } = canvas.viewbox();
  return { root: canvas.getRootElement().id, box: { x, y, width, height } };
}

function asLeft(canvas, element) {
  const { root, box } = JSON.parse(sessionStorage.getItem(PLACE) ?? '{}'), { x, y } = element.waypoints?.[0] ?? element;
  if (root === canvas.getRootElement().id && x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height) canvas.viewbox(box);
}

// Newest answer wins; one question at a time costs the server least
function checker(modeler, page, problems, unread) {
  let timer = null, asked = 0;
  const lost = unread.map(message => ({ rule: 'not-readable', level: 'error', element: null, hint: message, message: t('The canvas cannot show this part of the file: saving would lose it.') }));
  const show = (findings, { again = false } = {}) => {
    modeler.get('troikaFindings').set(findings);
    const listed = [...lost, ...findings.map(finding => ({ ...finding, name: nameOf(modeler, finding.element) || finding.name }))];
    if (!(again && problems.retell(listed))) problems.set(listed);
  };
  // what takes longer than a change of the drawing may wait is asked for when nothing has changed for a while
  const now = async ({ thorough = false } = {}) => {
    clearTimeout(timer);
    const mine = ++asked;
    try {
      const answer = await send('POST', page.addresses.lint, { key: page.key, xml: await glance(modeler), thorough });
      if (mine !== asked) return;
      modeler.get('troikaConditions').compare(answer.gateways);
      modeler.get('troikaVariables').set(answer.variables);
      show(answer.findings, { again: thorough });
      if (answer.open) timer = setTimeout(() => now({ thorough: true }), CHECK_AFTER_MS);
    } catch (error) {
      if (mine === asked) tellUnchecked(error, reason => t('The drawing could not be checked: {reason}', { reason }));
    }
  };
  return { now, show, soon: () => { clearTimeout(timer); timer = setTimeout(() => now(), CHECK_AFTER_MS); } };
}

function nameOf(modeler, id) {
  const element = modeler.get('elementRegistry').get(id);
  return element && modeler.get('troikaShownNames').of(element);
}

function listen(modeler, draft, problems, check) {
  const saveAndCheck = () => Promise.all([draft.save(), check.now()]);
  $('save').addEventListener('click', saveAndCheck);
  $('fit').addEventListener('click', () => fit(modeler, 110));
  $('undo').addEventListener('click', () => modeler.get('commandStack').undo());
  $('redo').addEventListener('click', () => modeler.get('commandStack').redo());
  const stack = modeler.get('commandStack');
  const undoable = () => { $('undo').disabled = !stack.canUndo(); $('redo').disabled = !stack.canRedo(); };
  modeler.on('commandStack.changed', undoable);
  undoable();
  document.addEventListener('keydown', event => {
    if (event.isComposing || event.keyCode === 229) return;      // a letter of pinyin, not a key
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's') act(event, saveAndCheck);
    else if ((event.ctrlKey || event.metaKey) && event.key === 'Enter') act(event, () => modeler.get('troikaPlay').toggle());
    else if (event.key === 'F8') act(event, () => problems.step(event.shiftKey ? -1 : 1));
    else if (event.key === 'F6') act(event, () => nextArea(modeler));
  });
}

function act(event, work) {
  event.preventDefault();
  work();
}

// canvas -> panel -> problems -> canvas
function nextArea(modeler) {
  const here = document.activeElement;
  if ($('panel').contains(here) || $('play').contains(here)) $('problems').querySelector('summary').focus();
  else if ($('problems').contains(here)) modeler.get('canvas').focus();
  else (modeler.get('troikaPlay').on ? $('play') : $('panel')).querySelector('button, input, select, textarea, [tabindex]')?.focus();
}

function failed(error) {
  console.error(error);
  $('canvas').append(Object.assign(document.createElement('div'), {
    className: 'alert alert-danger m-3', role: 'alert', textContent: t('The drawing cannot be opened: {reason}', { reason: error.message }),
  }));
}
