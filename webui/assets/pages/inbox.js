// <tk-inbox>: the list beside the task that is open, and the keyboard. Without it every line is a link to the page of its task.
import htmx from 'htmx.org';

const WIDE = matchMedia('(min-width: 992px)');
const PAUSE_MS = 150;      // who holds j down opens what he stops at
const GO = { i: '/inbox/', r: '/requests/mine', h: '/' };

export function show(host) {
  let timer = 0, going = false;
  const chosen = new Set();
  const rows = () => [...host.querySelectorAll('#list [data-item]')];
  const current = () => rows().find(row => row.getAttribute('aria-current') === 'true');
  const beside = () => host.querySelector('#task');

  function mark(row) {
    for (const other of rows()) {
      other.classList.toggle('active', other === row);
      if (other === row) other.setAttribute('aria-current', 'true');
      else other.removeAttribute('aria-current');
    }
    row?.scrollIntoView({ block: 'nearest' });
  }

  function open(row) {
    clearTimeout(timer);
    if (!row) return;
    if (!WIDE.matches || !beside()) { location.href = row.href; return; }
    mark(row);
    host.dataset.open = '';
    const address = new URL(row.href);
    address.searchParams.set('pane', '1');
    htmx.ajax('GET', address.pathname + address.search, { target: beside() });
    const here = new URL(location.href);
    here.searchParams.set('open', row.dataset.item);
    history.replaceState(history.state, '', here);
  }

  function step(by) {
    const all = rows(), at = all.indexOf(current() ?? document.activeElement);
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
    if (!next) return;
    mark(next);
    next.focus({ preventScroll: true });
    clearTimeout(timer);
    if (WIDE.matches && beside()) timer = setTimeout(() => open(next), PAUSE_MS);
  }

  function press(key) {
    const button = host.querySelector(`#task [data-key="${key}"]`) ?? null;
    if (!button) return;
    if (key !== 'a') { button.click(); return; }
    button.scrollIntoView({ block: 'nearest' });      // Enter is the confirmation
    button.focus();
  }

  const keys = {
    j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
    o: () => open(current() ?? rows()[0]), a: () => press('a'), r: () => press('r'), t: () => press('t'), c: () => press('c'),
    x: () => current()?.closest('.tk-pick')?.querySelector('input[type=checkbox]')?.click(),
    '/': () => host.querySelector('#search')?.focus(), '?': () => host.querySelector('#keys').showModal(),
    g: () => { going = true; setTimeout(() => { going = false; }, 1000); },
  };

  const typed = event => {
    const { key, target } = event;
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.closest?.('input:not([type=checkbox]), textarea, select, [contenteditable=true], .fjs-container, .djs-container, dialog[open]') || document.querySelector('dialog[open]')) return;
    if (going && GO[key]) { location.href = GO[key]; return; }
    if (!keys[key] || (key.startsWith('Arrow') && !rows().includes(document.activeElement))) return;
    event.preventDefault();
    keys[key]();
  };
  const clicked = event => {
    const row = event.target.closest?.('#list a[data-item]');
    if (!row || !WIDE.matches || !beside() || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(row);
  };
  // the list was read again while somebody looked at it: what is open stays marked, what was ticked stays ticked
  const before = ({ detail: { target } }) => {
    if (target.id !== 'list') return;
    chosen.clear();
    for (const box of target.querySelectorAll('input[type=checkbox]:checked')) chosen.add(box.value);
  };
  const after = () => {
    const id = host.querySelector('#task .tk-task')?.dataset.task;
    const row = rows().find(one => one.dataset.item === id);
    if (row) mark(row);
    for (const box of host.querySelectorAll('#list input[type=checkbox]')) if (chosen.has(box.value) && !box.checked) box.click();
  };

  document.addEventListener('keydown', typed);
  host.addEventListener('click', clicked);
  host.addEventListener('htmx:beforeSwap', before);
  host.addEventListener('htmx:afterSwap', after);
  return () => {
    clearTimeout(timer);
    document.removeEventListener('keydown', typed);
    host.removeEventListener('click', clicked);
    host.removeEventListener('htmx:beforeSwap', before);
    host.removeEventListener('htmx:afterSwap', after);
  };
}
