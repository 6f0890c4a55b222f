// <tk-diagram>: a drawing that is only looked at, with the progress of an instance on it.
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import { colours } from '../shared/colours.js';
import { fingers } from '../shared/fingers.js';
import { fit } from '../shared/fit.js';
import { t } from '../shared/i18n.js';
import ShownNames from '../shared/shown_names.js';
import TemplateIcon from '../shared/template_icon.js';
import { moddleExtensions } from '../shared/vocabulary.js';
import { stepper, walk } from '../shared/walk.js';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import '../styles/viewer.css';

const READABLE = 0.6;
const CORNERS = 'M1 5V1h4M9 1h4v4M13 9v4H9M5 13H1V9';
const MARKERS = { passed: '✓', active: '●', incident: '!', rejected: '✗', returned: '↩', skipped: '»', cancelled: '×', predicted: '…' };
const MEANING = {
  passed: t('passed'), active: t('where it stands'), incident: t('stuck'), rejected: t('rejected'), returned: t('sent back'),
  skipped: t('without asking anybody'), cancelled: t('cancelled'), predicted: t('expected'),
};

export async function show(host, { xml, markers = {}, flows = [], ahead = [], order = Object.keys(markers), details = {}, walk: way = [], whole = false }) {
  const container = host.appendChild(Object.assign(document.createElement('div'), { className: 'tk-canvas' }));
  container.setAttribute('role', 'group');
  container.setAttribute('aria-label', host.getAttribute('label') ?? t('Process diagram'));
  // the wheel belongs to the page: zooming is done by the buttons
  const viewer = new NavigatedViewer({ container, moddleExtensions, bpmnRenderer: colours(), additionalModules: [TemplateIcon, ShownNames], zoomScroll: { enabled: false } });
  await viewer.importXML(xml);
  mark(viewer, markers, flows, ahead);
  const open = explain(viewer, host, details);
  host.append(buttons(viewer, host));
  const notes = say(viewer, host, markers, order, details, open);
  fit(viewer, 16, whole ? {} : { readable: READABLE, focus: focus(viewer.get('elementRegistry'), markers) });
  fingers(viewer, !host.closest('.tk-full'));
  const played = way.length ? stepper(way, walk(viewer, way).show) : null;
  if (played) host.after(played);
  host.viewer = viewer;
  return () => { host.classList.remove('tk-listed'); notes?.remove(); played?.remove(); viewer.destroy(); host.querySelectorAll('.tk-canvas, .tk-zoom').forEach(part => part.remove()); };
}

// what to look at first: what is wrong, where it stands, where it ended, where it will begin
function focus(registry, markers) {
  const marked = (marker, type = 'bpmn:FlowNode') => registry.find(({ id, businessObject, children }) => markers[id] === marker && businessObject.$instanceOf(type) && !children?.length);
  return marked('incident') ?? marked('active') ?? marked('passed', 'bpmn:EndEvent') ?? registry.find(({ type }) => type === 'bpmn:StartEvent') ?? null;
}

function mark(viewer, markers, flows, ahead) {
  const canvas = viewer.get('canvas'), registry = viewer.get('elementRegistry'), overlays = viewer.get('overlays');
  for (const [id, marker] of Object.entries(markers)) {
    const element = registry.get(id);
    if (!element || element.waypoints || !(marker in MARKERS) || (marker === 'active' && element.children.length)) continue;   // what goes on inside is marked there
    canvas.addMarker(element, `tk-${marker}`);
    const sign = badge(marker);
    sign.title = MEANING[marker];
    overlays.add(element, 'marker', { position: { top: -9, right: 9 }, html: sign });
  }
  for (const id of ahead) if (registry.get(id)) canvas.addMarker(id, 'tk-ahead-flow');
  for (const id of flows) if (registry.get(id)) { canvas.removeMarker(id, 'tk-ahead-flow'); canvas.addMarker(id, 'tk-taken'); }
}

const badge = marker => Object.assign(document.createElement('span'), { className: `tk-badge tk-badge-${marker}`, textContent: MARKERS[marker] });

// below the drawing: what its marks mean, and its elements as a list for keyboard and screen readers
function say(viewer, host, markers, order, details, open) {
  const registry = viewer.get('elementRegistry');
  const marked = order.map(id => [id, markers[id]]).filter(([id, marker]) => marker in MARKERS && registry.get(id));
  if (!marked.length) return null;
  const box = Object.assign(document.createElement('div'), { className: 'tk-notes' });
  const legend = box.appendChild(Object.assign(document.createElement('ul'), { className: 'tk-legend list-unstyled' }));
  for (const marker of Object.keys(MARKERS)) {
    if (!marked.some(([, found]) => found === marker)) continue;
    const item = legend.appendChild(document.createElement('li'));
    item.append(badge(marker), MEANING[marker]);
  }
  const named = marked.filter(([id]) => details[id]);
  if (named.length) {
    const list = box.appendChild(Object.assign(document.createElement('details'), { className: 'tk-places' }));
    list.append(Object.assign(document.createElement('summary'), { textContent: t('Steps as a list') }));
    const steps = list.appendChild(document.createElement('ol'));
    const small = host.hasAttribute('src') && !host.closest('.tk-full');           // on a phone the list stands for the drawing
    if (small) host.classList.add('tk-listed');
    const listed = () => small && matchMedia('(max-width: 575.98px)').matches;
    list.open = listed();
    for (const [id, marker] of named) {
      const act = () => (listed() ? enlarge(host) : open(id));
      const button = Object.assign(document.createElement('button'), { type: 'button', className: 'tk-place', onclick: act });
      button.append(badge(marker), Object.assign(document.createElement('strong'), { textContent: details[id].title }),
        Object.assign(document.createElement('span'), { className: 'text-secondary small', textContent: MEANING[marker] }));
      for (const line of details[id].lines ?? []) button.append(Object.assign(document.createElement('span'), { className: 'tk-place-line text-secondary small', textContent: line }));
      steps.appendChild(document.createElement('li')).append(button);
    }
    if (small) box.append(Object.assign(document.createElement('button'), { type: 'button', className: 'btn w-100 mt-2 d-sm-none', textContent: t('Show the drawing'), onclick: () => enlarge(host) }));
  }
  host.after(box);
  return box;
}

// who acted when: shown while the pointer is over an element, and kept by a click or tap until the next one or Escape
function explain(viewer, host, details) {
  const overlays = viewer.get('overlays'), canvas = viewer.get('canvas'), registry = viewer.get('elementRegistry');
  let kept = null;
  const hide = () => { kept = null; overlays.remove({ type: 'details' }); };
  const tell = id => {
    overlays.remove({ type: 'details' });
    if (details[id]) overlays.add(id, 'details', { position: { bottom: -4, left: 0 }, show: { minZoom: 0 }, scale: false, html: card(details[id]) });
  };
  for (const id of Object.keys(details)) if (registry.get(id)) canvas.addMarker(id, 'tk-explained');
  viewer.on('element.hover', ({ element }) => { if (!kept && details[element.id]) tell(element.id); });
  viewer.on('element.out', () => { if (!kept) overlays.remove({ type: 'details' }); });
  viewer.on('element.click', ({ element }) => {
    hide();
    host.dispatchEvent(new CustomEvent('tk-select', { bubbles: true, detail: { id: element.id } }));
    tell(element.id);
    kept = details[element.id] ? element.id : null;
  });
  host.addEventListener('keydown', ({ key }) => { if (key === 'Escape') hide(); });
  return id => {
    canvas.scrollToElement(registry.get(id), 40);
    tell(id);
    kept = id;
  };
}

function card({ title, lines = [], href }) {
  const box = Object.assign(document.createElement('div'), { className: 'tk-details card card-sm' });
  const heading = Object.assign(document.createElement(href ? 'a' : 'div'), { className: 'fw-medium', textContent: title });
  if (href) heading.href = href;
  box.append(heading, ...lines.map(text => Object.assign(document.createElement('div'), { className: 'text-secondary', textContent: text })));
  return box;
}

// the drawing alone in the whole window; a dialog traps the focus and gives it back
function enlarge(host) {
  const dialog = Object.assign(document.createElement('dialog'), { className: 'tk-full' });
  const label = host.getAttribute('label') ?? t('Process diagram');
  dialog.setAttribute('aria-label', label);
  const close = Object.assign(document.createElement('button'), { type: 'button', className: 'btn', textContent: t('Close'), onclick: () => dialog.close() });
  const drawing = Object.assign(document.createElement('tk-diagram'), { className: 'tk-diagram' });
  drawing.setAttribute('src', host.getAttribute('src'));
  drawing.setAttribute('label', label);
  dialog.append(close, drawing);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function picture(path) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  for (const [name, value] of Object.entries({ width: 14, height: 14, viewBox: '0 0 14 14', fill: 'none', stroke: 'currentColor', 'stroke-width': 1.5, 'aria-hidden': true })) svg.setAttribute(name, value);
  svg.appendChild(document.createElementNS(svg.namespaceURI, 'path')).setAttribute('d', path);
  return svg;
}

function buttons(viewer, host) {
  const bar = Object.assign(document.createElement('div'), { className: 'tk-zoom btn-group-vertical' });
  for (const [sign, label, act] of [
    ['+', t('Zoom in'), () => viewer.get('zoomScroll').stepZoom(1)], ['−', t('Zoom out'), () => viewer.get('zoomScroll').stepZoom(-1)],
    ['▢', t('Show everything'), () => fit(viewer, 16)],
    ...(host.hasAttribute('src') && !host.closest('.tk-full') ? [[CORNERS, t('Full screen'), () => enlarge(host)]] : []),
  ]) {
    const button = Object.assign(document.createElement('button'), { type: 'button', className: 'btn btn-sm', title: label, onclick: act });
    button.setAttribute('aria-label', label);
    button.append(sign === CORNERS ? picture(sign) : sign);
    bar.append(button);
  }
  return bar;
}
