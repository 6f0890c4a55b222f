// <tk-diagram>: a drawing that is only looked at, with the progress of an instance on it.
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import { colours } from '../shared/colours.js';
import { fit } from '../shared/fit.js';
import { t } from '../shared/i18n.js';
import { moddleExtensions } from '../shared/vocabulary.js';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import '../styles/viewer.css';

const READABLE = 0.6;
const MARKERS = { passed: '✓', active: '●', incident: '!', cancelled: '×', returned: '↩', skipped: '»' };

export async function show(host, { xml, markers = {}, flows = [], details = {} }) {
  const container = host.appendChild(Object.assign(document.createElement('div'), { className: 'tk-canvas' }));
  container.setAttribute('role', 'group');
  container.setAttribute('aria-label', host.getAttribute('label') ?? t('Process diagram'));
  // the wheel belongs to the page: zooming is done by the buttons
  const viewer = new NavigatedViewer({ container, moddleExtensions, bpmnRenderer: colours(), zoomScroll: { enabled: false } });
  await viewer.importXML(xml);
  nameFor(viewer, document.documentElement.lang.slice(0, 2));
  mark(viewer, markers, flows);
  explain(viewer, host, details);
  host.append(buttons(viewer));
  fit(viewer, 16, { readable: READABLE, focus: focus(viewer.get('elementRegistry'), markers) });
  host.viewer = viewer;
  return () => { viewer.destroy(); host.querySelectorAll('.tk-canvas, .tk-zoom').forEach(part => part.remove()); };
}

// what to look at first: what is wrong, where it stands, where it ended, where it will begin
function focus(registry, markers) {
  const marked = (marker, type = 'bpmn:FlowNode') => registry.find(({ id, businessObject, children }) => markers[id] === marker && businessObject.$instanceOf(type) && !children?.length);
  return marked('incident') ?? marked('active') ?? marked('passed', 'bpmn:EndEvent') ?? registry.find(({ type }) => type === 'bpmn:StartEvent') ?? null;
}

// the reader's language, where the drawing has it: names stand in its main language, others in troika:label
function nameFor(viewer, language) {
  const changed = [];
  for (const element of viewer.get('elementRegistry').getAll()) {
    const label = element.businessObject.get('extensionElements')?.get('values').find(({ $type, lang }) => $type === 'troika:Label' && lang === language);
    if (!label) continue;
    element.businessObject.name = label.text;
    if (element.labelTarget) widen(element);
    changed.push(element);
  }
  viewer.get('eventBus').fire('elements.changed', { elements: changed });
}

// a label is as wide as the drawing's main language needs it
function widen(element, width = 90) {
  if (element.width >= width) return;
  element.x -= (width - element.width) / 2;
  element.width = width;
}

function mark(viewer, markers, flows) {
  const canvas = viewer.get('canvas'), registry = viewer.get('elementRegistry'), overlays = viewer.get('overlays');
  for (const [id, marker] of Object.entries(markers)) {
    const element = registry.get(id);
    if (!element || element.waypoints || !(marker in MARKERS) || (marker === 'active' && element.children.length)) continue;   // what goes on inside is marked there
    canvas.addMarker(element, `tk-${marker}`);
    const badge = Object.assign(document.createElement('span'), { className: `tk-badge tk-badge-${marker}`, textContent: MARKERS[marker] });
    overlays.add(element, 'marker', { position: { top: -9, right: 9 }, html: badge });
  }
  for (const id of flows) if (registry.get(id)) canvas.addMarker(id, 'tk-taken');
}

function explain(viewer, host, details) {
  const overlays = viewer.get('overlays'), canvas = viewer.get('canvas');
  const hide = () => overlays.remove({ type: 'details' });
  for (const id of Object.keys(details)) if (viewer.get('elementRegistry').get(id)) canvas.addMarker(id, 'tk-explained');
  viewer.on('element.click', ({ element }) => {
    hide();
    host.dispatchEvent(new CustomEvent('tk-select', { bubbles: true, detail: { id: element.id } }));
    if (details[element.id]) overlays.add(element, 'details', { position: { bottom: -4, left: 0 }, show: { minZoom: 0 }, scale: false, html: card(details[element.id]) });
  });
  host.addEventListener('keydown', ({ key }) => { if (key === 'Escape') hide(); });
}

function card({ title, lines = [], href }) {
  const box = Object.assign(document.createElement('div'), { className: 'tk-details card card-sm' });
  const heading = Object.assign(document.createElement(href ? 'a' : 'div'), { className: 'fw-medium', textContent: title });
  if (href) heading.href = href;
  box.append(heading, ...lines.map(text => Object.assign(document.createElement('div'), { className: 'text-secondary', textContent: text })));
  return box;
}

function buttons(viewer) {
  const bar = Object.assign(document.createElement('div'), { className: 'tk-zoom btn-group-vertical' });
  for (const [sign, label, act] of [
    ['+', t('Zoom in'), () => viewer.get('zoomScroll').stepZoom(1)], ['−', t('Zoom out'), () => viewer.get('zoomScroll').stepZoom(-1)],
    ['▢', t('Show everything'), () => fit(viewer, 16)],
  ]) {
    const button = Object.assign(document.createElement('button'), { type: 'button', className: 'btn btn-sm', textContent: sign, title: label, onclick: act });
    button.setAttribute('aria-label', label);
    bar.append(button);
  }
  return bar;
}
