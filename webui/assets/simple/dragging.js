// Cards are moved and branches reordered: by pointer, by finger at the grip, or with the keys from place to place. A card that is
// lifted shows the places where it may stand, and nothing else; what is dropped there posts the form of its menu.
import { t } from '../shared/i18n.js';

const FAR = 6, NEAR = 72, EDGE = 56, STEP = 14;    // pixels: until it is a drag, to a place, to the rim that scrolls, per frame
const LIFTS = '[data-places], [data-order]';

export function dragging(pane, bar, told) {
  let lifted = null, drag = null, pending = false;

  const title = thing => thing.querySelector('.tk-card-title, .tk-condition-title').textContent;

  // ---------------------------------------------------------------- lifted: where it may go

  function lift(thing) {
    putBack();
    const places = thing.dataset.places === undefined ? orders(thing) : arrows(thing);
    if (!places.length) return false;
    lifted = { thing, places, back: document.activeElement };
    thing.closest('.tk-step, .tk-branch').classList.add('tk-away');
    pane.classList.add('tk-placing');
    told.textContent = t('“{card}” is lifted, {n} places. Arrow keys choose, Enter puts it there, Escape puts it back.', { card: title(thing), n: places.length });
    return true;
  }

  function arrows(card) {
    const allowed = new Set(card.dataset.places.split(' '));
    return [...pane.querySelectorAll('.tk-plus')].filter(plus => allowed.has(plus.dataset.flow))
      .map(plus => place(plus, t('behind “{card}”', { card: plus.dataset.behind }), () => send(card, 'form[data-moves]', 'flow', plus.dataset.flow)));
  }

  function orders(branch) {
    const own = Number(branch.dataset.order), all = branch.closest('.tk-branches');
    return [...all.querySelectorAll(':scope > .tk-branch > [data-order]')].filter(other => other !== branch).map(other => {
      const by = Number(other.dataset.order) - own;
      const label = by < 0 ? t('before “{card}”', { card: title(other) }) : t('behind “{card}”', { card: title(other) });
      const made = place(other.closest('.tk-branch'), label, () => send(branch, 'form', 'do', by));
      made.classList.add(by < 0 ? 'tk-place-before' : 'tk-place-behind');
      return made;
    });
  }

  function place(where, label, drops) {
    const button = Object.assign(document.createElement('button'), { type: 'button', className: 'tk-place', textContent: label });
    button.setAttribute('aria-label', t('Put it {where}', { where: label }));
    button.addEventListener('click', drops);
    where.append(button);
    return button;
  }

  function send(thing, which, name, value) {
    const form = thing.querySelector(`:scope > .tk-menu ${which}`);
    const button = Object.assign(document.createElement('button'), { hidden: true, name, value });
    forget();
    form.append(button);
    pending = true;
    button.click();                                       // htmx sends the button that was clicked, not the submitter
  }

  function forget() {
    if (!lifted) return;
    for (const made of lifted.places) made.remove();
    lifted.thing.closest('.tk-step, .tk-branch')?.classList.remove('tk-away');
    pane.classList.remove('tk-placing');
    bar.hidden = true;
    lifted = null;
  }

  function putBack() {
    if (!lifted) return;
    const { thing, back } = lifted;
    forget();
    told.textContent = t('“{card}” was put back.', { card: title(thing) });
    const opener = back?.checkVisibility() ? back : thing.querySelector('[data-card]');
    if (!drag) opener.focus();
  }

  // ---------------------------------------------------------------- by pointer and by finger

  pane.addEventListener('dragstart', event => { if (event.target.closest?.(LIFTS)) event.preventDefault(); });
  pane.addEventListener('pointerdown', event => {
    if (event.button !== 0 || !event.isPrimary || drag) return;
    const thing = event.target.closest(LIFTS);
    const grip = event.target.closest('[data-grip]');    // a finger elsewhere scrolls
    if (!thing || (event.pointerType !== 'mouse' && !grip) || event.target.closest(`summary, button, .tk-side, ${LIFTS}`) !== thing) return;
    drag = { thing, id: event.pointerId, x: event.clientX, y: event.clientY, over: null, ghost: null };
    addEventListener('pointermove', move);
    addEventListener('pointerup', drop);
    addEventListener('pointercancel', stop);
    addEventListener('blur', stop);
  });

  function move(event) {
    if (event.pointerId !== drag.id) return;
    Object.assign(drag, { nowX: event.clientX, nowY: event.clientY });
    if (!drag.ghost) {
      if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < FAR) return;
      if (!lift(drag.thing)) return stop();
      begin();
    }
    follow();
  }

  function begin() {
    const { thing } = drag, { left, top, width } = thing.getBoundingClientRect();
    getSelection().removeAllRanges();
    drag.ghost = thing.cloneNode(true);
    for (const part of drag.ghost.querySelectorAll('.tk-menu, .tk-grip, .tk-side, .tk-side-link, .tk-card-problems')) part.remove();
    drag.ghost.removeAttribute('id');
    drag.ghost.inert = true;
    drag.ghost.classList.add('tk-ghost');
    Object.assign(drag.ghost.style, { left: `${left}px`, top: `${top}px`, width: `${width}px` });
    pane.parentElement.append(drag.ghost);
    drag.frame = requestAnimationFrame(scroll);
  }

  function follow() {
    drag.ghost.style.transform = `translate(${drag.nowX - drag.x}px, ${drag.nowY - drag.y}px) rotate(1.5deg)`;
    const [nearest] = lifted.places.filter(made => made.checkVisibility()).map(made => ({ made, far: distance(made) })).sort((a, b) => a.far - b.far);
    const over = nearest && nearest.far < NEAR ? nearest.made : null;
    const side = document.elementFromPoint(drag.nowX, drag.nowY)?.closest('.tk-side:not([open])');
    if (side !== drag.side) {                             // what is folded opens under a card that waits above it
      clearTimeout(drag.opens);
      drag.side = side;
      if (side && side.closest(LIFTS) !== drag.thing) drag.opens = setTimeout(() => { side.open = true; }, 500);
    }
    if (over === drag.over) return;
    drag.over?.classList.remove('tk-over');
    over?.classList.add('tk-over');
    drag.over = over;
    if (over) told.textContent = over.textContent;
  }

  function distance(made) {
    const { left, right, top, bottom } = made.getBoundingClientRect();
    return Math.hypot(Math.max(left - drag.nowX, 0, drag.nowX - right), Math.max(top - drag.nowY, 0, drag.nowY - bottom));
  }

  function scroll() {
    const { left, right, top, bottom } = pane.getBoundingClientRect(), { nowX: x, nowY: y } = drag;
    const along = (from, to, at) => (at < from + EDGE ? -STEP : at > to - EDGE ? STEP : 0);
    const before = [pane.scrollLeft, pane.scrollTop];
    pane.scrollBy(along(left, right, x), along(top, bottom, y));
    if (before[0] !== pane.scrollLeft || before[1] !== pane.scrollTop) follow();
    drag.frame = requestAnimationFrame(scroll);
  }

  function drop(event) {
    if (event.pointerId !== drag.id) return;
    const { over, ghost } = drag;
    if (ghost) swallowClick();
    stop({ keeps: Boolean(over) });
    over?.click();
  }

  function stop({ keeps = false } = {}) {
    if (!keeps) putBack();
    cancelAnimationFrame(drag.frame);
    clearTimeout(drag.opens);
    drag.ghost?.remove();
    drag = null;
    removeEventListener('pointermove', move);
    removeEventListener('pointerup', drop);
    removeEventListener('pointercancel', stop);
    removeEventListener('blur', stop);
  }

  // the click that ends a drag opens nothing
  function swallowClick() {
    const swallow = event => {
      if (!event.isTrusted) return;
      event.preventDefault();
      event.stopPropagation();
    };
    addEventListener('click', swallow, { capture: true });
    setTimeout(() => removeEventListener('click', swallow, { capture: true }));
  }

  // ---------------------------------------------------------------- by key, or from the menu

  pane.addEventListener('click', event => {
    const lifts = event.target.closest('[data-lifts]');
    if (!lifts) return;
    const thing = lifts.closest(LIFTS);
    lifts.closest('details').open = false;
    if (!lift(thing)) return;
    lifted.back = thing.querySelector('[data-card]');
    bar.firstElementChild.textContent = t('Where shall “{card}” go?', { card: title(thing) });
    bar.hidden = false;
    lifted.places.find(made => made.checkVisibility())?.focus();
  });
  bar.querySelector('button').addEventListener('click', putBack);

  addEventListener('keydown', event => {
    if (!lifted || event.isComposing) return;
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (event.key === 'Escape') {
      if (drag) addEventListener('pointerup', swallowClick, { once: true });
      drag ? stop() : putBack();
    } else if (by && !drag) {
      const shown = lifted.places.filter(made => made.checkVisibility());
      shown.at((shown.indexOf(document.activeElement) + by) % shown.length)?.focus();
    } else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true });

  // Alt with an arrow: a card up or down, a branch earlier or later
  function byKey(event) {
    const thing = event.target.closest('[data-card]')?.parentElement;
    const by = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const button = by && thing?.querySelector(`:scope > .tk-menu :is([name=by], [name=do])[value="${by}"]`);
    if (!button) return;
    event.preventDefault();
    pending = true;
    button.click();
  }

  // what the server drew after a move
  function moved(focus) {
    forget();
    for (const lifts of pane.querySelectorAll('[data-lifts]')) lifts.hidden = false;
    if (!pending) return;
    pending = false;
    const link = focus && pane.querySelector(`[data-card="${CSS.escape(focus)}"]`);
    if (!link || document.getElementById('refusal')) return;
    const thing = link.parentElement, plus = link.closest('.tk-step').previousElementSibling?.querySelector(':scope > .tk-plus');
    if (thing.dataset.order !== undefined) {
      const { length } = thing.closest('.tk-branches').querySelectorAll(':scope > .tk-branch');
      told.textContent = t('“{card}” is now branch {n} of {all}.', { card: title(thing), n: Number(thing.dataset.order) + 1, all: length });
    } else if (plus) told.textContent = t('“{card}” now stands behind “{above}”.', { card: title(thing), above: plus.dataset.behind });
  }

  moved('');
  return { byKey, moved };
}
