// The settings of a card: what another choice makes meaningless is hidden, rows are added and taken away.
// Without a script everything is shown, and an empty row at the end of each list waits to be filled in.
import { conditionOf } from './conditions.js';

export function settingsOf(sheet) {
  if (!sheet || 'opened' in sheet.dataset) return;
  sheet.dataset.opened = '';
  for (const list of sheet.querySelectorAll('[data-rows]')) rowsOf(list);
  const show = () => sheet.querySelectorAll('[data-when]').forEach(part => { part.hidden = !applies(sheet, part); });
  sheet.addEventListener('change', show);
  show();
}

// within a row, what stands in that row; else anywhere in the form
function applies(sheet, part) {
  const where = part.closest('[data-row]') ?? sheet, values = part.dataset.values.split(' ');
  const said = [...where.querySelectorAll(`[name="${CSS.escape(part.dataset.when)}"]`)]
    .filter(({ type, checked }) => (type !== 'checkbox' && type !== 'radio') || checked).map(({ value }) => value);
  return said.some(value => values.includes(value) || (values.includes('*') && value !== ''));
}

function rowsOf(list) {
  const adds = list.querySelector('[data-adds-row]'), rows = [...list.querySelectorAll('[data-row]')];
  const blank = rows.pop();
  const asked = JSON.parse(list.closest('[data-conditions]')?.dataset.conditions ?? 'null');
  for (const row of rows) {
    removable(row, adds);
    if (asked) conditionOf(row, asked);
  }
  blank.remove();
  adds.hidden = false;
  const add = () => {
    const row = blank.cloneNode(true), number = list.querySelectorAll('[data-row]').length + 1;
    for (const entry of row.querySelectorAll('[aria-label]')) entry.setAttribute('aria-label', entry.getAttribute('aria-label').replace(/\d+/, number));
    removable(row, adds);
    adds.before(row);
    if (asked) conditionOf(row, asked);
    row.dispatchEvent(new Event('change', { bubbles: true }));
    return row.querySelector('input:not([type=hidden]), select');
  };
  adds.addEventListener('click', () => add().focus());
  if (asked && !rows.length) add();
}

function removable(row, adds) {
  const button = Object.assign(document.createElement('button'), { type: 'button', className: 'btn btn-icon btn-ghost-secondary', textContent: '×', title: adds.dataset.removes });
  button.setAttribute('aria-label', adds.dataset.removes);
  button.addEventListener('click', () => {
    row.remove();
    adds.focus();
  });
  row.append(button);
}
