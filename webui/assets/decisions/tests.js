// Rows of inputs beside the table: decided by the server while the table or a row changes, kept in the file.
import { t } from '../shared/i18n.js';
import { word } from './language.js';

const EXPECTED = 'expected', NOTHING = { value: null, rules: [], problems: [], passed: null };

export class Tests {
  // choices(name): [[FEEL, word], …] of what an input may be
  constructor({ table, changed, choices }) {
    Object.assign(this, { table, changed, choices, inputs: [], rows: [] });
    table.addEventListener('input', ({ target }) => {
      if (target.dataset.name === undefined) return;
      const row = this.rows[target.dataset.row];
      if (target.value) row[target.dataset.name] = target.value;
      else delete row[target.dataset.name];
      this.changed();
    });
    table.addEventListener('click', ({ target }) => {
      const button = target.closest('[data-remove]');
      if (!button) return;
      this.rows.splice(Number(button.dataset.remove), 1);
      this.#draw();
      this.changed();
    });
  }

  set(inputs, rows) {
    const same = JSON.stringify([inputs, rows]) === JSON.stringify([this.inputs, this.rows]);
    this.inputs = inputs;
    this.rows = rows.length ? rows : [{}];
    if (!same || !this.table.tBodies[0].rows.length) this.#draw();
  }

  add(row = {}) {
    this.rows.push(row);
    this.#draw();
    this.changed();
    this.table.tBodies[0].rows[this.rows.length - 1].querySelector('input')?.focus();
  }

  // rows that say something
  get filled() {
    return this.rows.filter(row => Object.keys(row).length);
  }

  // results: of the server, one for each row that says something
  show(results) {
    const shown = new Map(this.filled.map((row, place) => [row, results[place]]));
    this.rows.forEach((filled, index) => {
      const row = this.table.tBodies[0].rows[index], { value, rules, problems, passed } = shown.get(filled) ?? NOTHING;
      if (!row) return;
      const [result, matched] = row.querySelectorAll('[data-result], [data-rules]');
      result.replaceChildren(...problems.length ? [said(problems.join(' '), 'text-red')] : [said(value === null ? '' : value || 'null', value ? '' : 'text-secondary')]);
      matched.textContent = rules.map(({ number }) => number).join(', ') || (value === null ? '' : '–');
      row.dataset.passed = passed ?? '';
    });
  }

  #draw() {
    const heading = document.createElement('tr');
    heading.append(...[...this.inputs.map(({ name, label, type }) => head(label === name ? name : `${label} (${name})`, type && word(type))), head(t('Expected')), head(t('Result')), head(t('Rules')), head('')]);
    this.table.tHead.replaceChildren(heading);
    this.table.parentElement.querySelectorAll('datalist').forEach(list => list.remove());
    this.table.after(...this.inputs.filter(({ name }) => this.choices(name).length).map(({ name }) => offered(`choices-${name}`, this.choices(name))));
    this.table.tBodies[0].replaceChildren(...this.rows.map((row, index) => this.#row(row, index)));
  }

  #row(row, index) {
    const line = document.createElement('tr');
    for (const { name, label, allowed, type } of [...this.inputs, { name: EXPECTED, label: t('Expected') }]) {
      const field = Object.assign(document.createElement('input'), { className: 'form-control form-control-sm', value: row[name] ?? '', placeholder: allowed || (type ? word(type) : '') });
      if (this.choices(name).length) field.setAttribute('list', `choices-${name}`);
      field.dataset.name = name;
      field.dataset.row = index;
      field.setAttribute('aria-label', `${label}, ${t('row {n}', { n: index + 1 })}`);
      line.append(cell(field));
    }
    const result = cell(), matched = cell();
    result.dataset.result = '';
    matched.dataset.rules = '';
    const remove = Object.assign(document.createElement('button'), { type: 'button', className: 'btn btn-sm btn-ghost-secondary', textContent: '×' });
    remove.dataset.remove = index;
    remove.setAttribute('aria-label', t('Remove row {n}', { n: index + 1 }));
    line.append(result, matched, cell(remove));
    return line;
  }
}

function head(text, hint = '') {
  return Object.assign(document.createElement('th'), { textContent: text, title: hint, scope: 'col' });
}

function cell(...children) {
  const made = document.createElement('td');
  made.append(...children);
  return made;
}

function said(textContent, className) {
  return Object.assign(document.createElement('span'), { textContent, className });
}

// texts are typed without their quotes
function offered(id, choices) {
  const list = Object.assign(document.createElement('datalist'), { id });
  list.append(...choices.map(([value, label]) => Object.assign(document.createElement('option'), { value: value.startsWith('"') ? JSON.parse(value) : value, label })));
  return list;
}
