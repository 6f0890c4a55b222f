// The menu of a cell (rules and columns: insert, copy, remove) by keys. dmn-js opens it by the mouse alone, and its entries are no buttons.
const ENTRY = '.context-menu-group-entry';
const STEPS = { ArrowDown: 1, ArrowUp: -1 };
const LEAVES = /^(Escape|Tab)$/;

export function menuKeys(host, close) {
  let asked = null;      // the cell that the menu was opened for by a key

  const begin = () => {
    if (asked && !document.activeElement?.closest(ENTRY)) host.querySelector(ENTRY)?.focus();
  };
  new MutationObserver(() => {
    for (const entry of host.querySelectorAll(`${ENTRY}:not([role])`)) {
      entry.setAttribute('role', 'menuitem');
      entry.tabIndex = -1;
    }
    begin();
  }).observe(host, { childList: true, subtree: true });
  host.addEventListener('focusin', ({ target }) => { if (target.closest('.context-menu')) begin(); });      // dmn-js takes it for the menu

  host.addEventListener('keydown', event => {
    const entry = event.target.closest(ENTRY), cell = event.target.closest('td[data-element-id]');
    if (entry) walk(event, entry);
    else if (cell && (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey))) open(event, cell);
  }, true);

  function open(event, cell) {
    event.preventDefault();
    asked = cell.dataset.elementId;
    const { left, bottom } = cell.getBoundingClientRect();
    cell.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX: left + 8, clientY: bottom - 8, view: window }));
  }

  function walk(event, entry) {
    const entries = [...host.querySelectorAll(ENTRY)], place = entries.indexOf(entry);
    if (STEPS[event.key]) entries.at((place + STEPS[event.key]) % entries.length).focus();
    else if (event.key === 'Enter' || event.key === ' ') entry.click();
    else if (LEAVES.test(event.key)) close();
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (!STEPS[event.key]) back();
  }

  // to the cell, or where it was
  function back() {
    const id = asked;
    asked = null;
    setTimeout(() => (host.querySelector(`td[data-element-id="${CSS.escape(id ?? '')}"] [contenteditable]`) ?? host.querySelector('td [contenteditable]'))?.focus());
  }
}
