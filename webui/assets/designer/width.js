// The panel is as wide as whoever draws wants it: by the mouse, or by the arrow keys on the line between. Kept in this browser.
import { t } from '../shared/i18n.js';

const LEAST = 320, MOST = 480, USUAL = 360, STEP = 20, KEPT = 'troika:designer-panel-width';

export function wide(side) {
  const line = Object.assign(document.createElement('div'), { className: 'tk-splitter', role: 'separator', tabIndex: 0 });
  const set = wanted => {
    const width = Math.round(Math.min(Math.max(wanted, LEAST), MOST));
    side.parentElement.style.setProperty('--tk-side', `${width}px`);
    line.setAttribute('aria-valuenow', width);
    return width;
  };
  const keep = wanted => { localStorage.setItem(KEPT, set(wanted)); };
  for (const [name, value] of Object.entries({ orientation: 'vertical', valuemin: LEAST, valuemax: MOST, label: t('Width of the panel') })) line.setAttribute(`aria-${name}`, value);
  line.addEventListener('keydown', event => {
    const by = { ArrowLeft: STEP, ArrowRight: -STEP }[event.key];
    if (!by) return;
    event.preventDefault();
    keep(Number(line.getAttribute('aria-valuenow')) + by);
  });
  line.addEventListener('pointerdown', ({ pointerId }) => line.setPointerCapture(pointerId));
  line.addEventListener('pointermove', ({ pointerId, clientX }) => { if (line.hasPointerCapture(pointerId)) keep(side.getBoundingClientRect().right - clientX); });
  set(Number(localStorage.getItem(KEPT)) || USUAL);
  side.prepend(line);
}
