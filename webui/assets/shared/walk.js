// A way through a drawing: its steps as numbers at the elements, its flows in red; one step at a time is looked at.
import { t } from './i18n.js';
import '../styles/walk.css';

// drawing: a viewer or modeler; steps: [{ element, text, flows }]. Gives { show(index), clear() }
export function walk(drawing, steps) {
  const canvas = drawing.get('canvas'), registry = drawing.get('elementRegistry'), overlays = drawing.get('overlays');
  const marked = [];
  const mark = (id, marker) => {
    if (!registry.get(id) || canvas.hasMarker(id, marker)) return;
    canvas.addMarker(id, marker);
    marked.push([id, marker]);
  };
  for (const [index, { element, flows }] of steps.entries()) {
    mark(element, 'tk-walked');
    flows.forEach(id => mark(id, 'tk-walked'));
    if (steps.findIndex(step => step.element === element) === index && registry.get(element)) overlays.add(element, 'walk', numbers(steps, element));
  }
  let now = null;
  return {
    show(index) {
      const { element } = steps[index];
      if (now) canvas.removeMarker(now, 'tk-walk-now');
      now = registry.get(element) ? element : null;
      for (const sign of canvas.getContainer().querySelectorAll('.tk-walk-number')) sign.classList.toggle('tk-walk-number-now', Number(sign.dataset.step) === index);
      if (!now) return;
      const root = canvas.findRoot(registry.get(now));
      if (root && root !== canvas.getRootElement()) canvas.setRootElement(root);
      canvas.addMarker(now, 'tk-walk-now');
      canvas.scrollToElement(registry.get(now), 60);
    },
    clear() {
      overlays.remove({ type: 'walk' });
      if (now) canvas.removeMarker(now, 'tk-walk-now');
      for (const [id, marker] of marked) if (registry.get(id)) canvas.removeMarker(id, marker);
    },
  };
}

function numbers(steps, element) {
  const html = Object.assign(document.createElement('div'), { className: 'tk-walk-numbers' });
  steps.forEach((step, index) => {
    if (step.element !== element) return;
    const sign = html.appendChild(Object.assign(document.createElement('span'), { className: 'tk-walk-number', textContent: index + 1 }));
    sign.dataset.step = index;
  });
  return { position: { top: -12, left: -8 }, show: { minZoom: 0 }, html };
}

// The steps in words: a list whose entries lead to their element, with buttons and arrow keys from one to the next.
export function stepper(steps, show) {
  const box = Object.assign(document.createElement('div'), { className: 'tk-walk' });
  const bar = box.appendChild(Object.assign(document.createElement('div'), { className: 'tk-walk-bar' }));
  const count = Object.assign(document.createElement('span'), { className: 'tk-walk-count' });
  const back = button(t('Previous step'), '←', () => go(at - 1)), on = button(t('Next step'), '→', () => go(at + 1));
  bar.append(back, count, on);
  const list = box.appendChild(document.createElement('ol'));
  const lines = steps.map(({ text }, index) => {
    const line = Object.assign(document.createElement('button'), { type: 'button', className: 'tk-walk-step', onclick: () => go(index) });
    line.append(Object.assign(document.createElement('span'), { className: 'tk-walk-number', textContent: index + 1 }), text);
    list.appendChild(document.createElement('li')).append(line);
    return line;
  });
  let at = -1;
  const go = index => {
    if (index < 0 || index >= steps.length) return;
    at = index;
    lines.forEach((line, place) => place === at ? line.setAttribute('aria-current', 'step') : line.removeAttribute('aria-current'));
    count.textContent = t('Step {step} of {steps}', { step: at + 1, steps: steps.length });
    back.disabled = at === 0;
    on.disabled = at === steps.length - 1;
    show(at);
  };
  box.addEventListener('keydown', event => {
    const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!by || !lines[at + by]) return;
    event.preventDefault();
    go(at + by);
    lines[at].focus();
  });
  go(0);
  return box;
}

function button(label, text, onclick) {
  const made = Object.assign(document.createElement('button'), { type: 'button', className: 'btn btn-sm btn-icon', title: label, textContent: text, onclick });
  made.setAttribute('aria-label', label);
  return made;
}
