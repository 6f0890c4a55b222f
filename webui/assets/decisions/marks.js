// Findings, hits, scenarios and open comments on the rows of the table: data attributes on the cell that holds a rule's number and on
// the head of a column, set again whenever
// the table is drawn anew (it knows nothing of them and keeps them).
import { t } from '../shared/i18n.js';

const WEIGHT = ['info', 'warn', 'error'];

export class Marks {
  #findings = new Map();
  #hits = new Map();
  #comments = {};
  #fired = {};
  chosen = '';      // the rule of the cell where the reader was last, or the column of the head

  // labelOf(column): in the language of the page; undefined where the file has none
  constructor(host, labelOf) {
    Object.assign(this, { host, labelOf });
    new MutationObserver(() => this.#draw()).observe(host, { childList: true, subtree: true });
    host.addEventListener('click', ({ target }) => {
      const cell = target.closest('td, th');
      if (cell) this.chosen = cell.dataset.rowId ?? cell.dataset.colId ?? '';
    });
  }

  // findings: as the server says them, with the ids of the rules that they are about
  setFindings(findings) {
    this.#findings = new Map();
    for (const { level, message, rules = [], element } of findings) {
      for (const rule of rules.length ? rules : [element]) {
        const known = this.#findings.get(rule) ?? { level, texts: [] };
        if (WEIGHT.indexOf(level) > WEIGHT.indexOf(known.level)) known.level = level;
        known.texts.push(message);
        this.#findings.set(rule, known);
      }
    }
    this.#draw();
  }

  // coverage: hits of every rule; null where nothing was tried
  setHits(coverage) {
    this.#hits = new Map((coverage ?? []).map(({ rule, hits }) => [rule, hits]));
    this.#draw();
  }

  // rules: id -> whether a scenario fires it; null where none was run
  setFired(rules) {
    this.#fired = rules ?? {};
    this.#draw();
  }

  // comments: open threads of each part
  setComments(comments) {
    this.#comments = comments;
    this.#draw();
  }

  show(id) {
    const cell = ['row', 'element', 'col'].map(of => this.host.querySelector(`[data-${of}-id="${CSS.escape(id)}"]`)).find(Boolean);
    cell?.scrollIntoView({ block: 'nearest' });
    cell?.classList.add('tk-shown');
    setTimeout(() => cell?.classList.remove('tk-shown'), 2_000);
  }

  #draw() {
    for (const cell of this.host.querySelectorAll('td.rule-index[data-row-id], th[data-col-id]')) set(cell, 'comments', this.#comments[cell.dataset.rowId ?? cell.dataset.colId]);
    for (const head of this.host.querySelectorAll('th[data-col-id] :is(.input-label, .output-label)')) set(head, 'said', this.labelOf(head.closest('th').dataset.colId));
    for (const cell of this.host.querySelectorAll('td.rule-index[data-row-id]')) {
      const finding = this.#findings.get(cell.dataset.rowId), hits = this.#hits.get(cell.dataset.rowId);
      set(cell, 'finding', finding?.level);
      set(cell, 'hits', hits);
      set(cell, 'fired', this.#fired[cell.dataset.rowId]);
      const title = [...finding?.texts ?? [], ...(this.#fired[cell.dataset.rowId] === false ? [t('No scenario goes through this rule.')] : [])].join('\n');
      if (cell.title !== title) cell.title = title;
    }
  }
}

function set(cell, name, value) {
  if (value === undefined) delete cell.dataset[name];
  else if (cell.dataset[name] !== String(value)) cell.dataset[name] = value;
}
