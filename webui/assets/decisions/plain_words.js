// What people type into cells as into a spreadsheet: words in a column of texts become texts of FEEL, 5,000 in a column of numbers one
// number, when the cell is left. What the table or its processes know by name stays.
import { t } from '../shared/i18n.js';
import { toast } from '../shared/toast.js';
import { functions } from './feel_editor.js';

const WORDS = /^[\p{L}_][\p{L}\p{N}_]*(?:[ -]+[\p{L}\p{N}_]+)*$/u, NAME = /[\p{L}_][\p{L}\p{N}_]*/gu;
const TEXT = /^"(?:[^"\\]|\\.)*"$/;
const GROUPED = /(?<![\p{L}\p{N}_,"])(?<!\d\.)\d{1,3}(?:,\d{3})+(?![\p{L}\d_,"])/gu;
const KEYWORDS = 'null true false if then else for in return some every satisfies function external instance of between and or not'.split(' ');

export class PlainWords {
  ready = false;      // whether what the processes know has been read: nothing is changed before
  #entered = null;
  #done = new Map();      // cell -> what was typed: whoever takes the change back means it
  #told = false;

  constructor(modeler, host) {
    this.modeler = modeler;
    // on the way down: the table keeps what comes up
    host.addEventListener('focusin', ({ target }) => this.#enter(idOf(target)), true);
    host.addEventListener('focusout', ({ target, relatedTarget }) => { if (idOf(target) !== idOf(relatedTarget)) this.#leave(idOf(target)); }, true);
  }

  // each column of the table on the page whose cells say bare words, with what would put it right
  findings() {
    const table = this.#service('sheet')?.getRoot().businessObject;
    if (!this.ready || !table) return [];
    return [...table.get('input'), ...table.get('output')].flatMap(column => {
      const cells = table.get('rule').map(rule => cellOf(rule, column)).filter(cell => cell && typeOf(column) === 'string' && this.#read(cell));
      if (!cells.length) return [];
      return [{
        rule: 'words-without-quotes', level: 'warn', element: column.id, rules: cells.map(cell => cell.$parent.id), numbers: cells.map(cell => table.get('rule').indexOf(cell.$parent) + 1), hint: '',
        message: t('Nothing here is called {words}: a text stands in quotes.', { words: cells.slice(0, 3).map(({ text }) => text).join(', ') }), fixes: [{ text: t('As text'), cells }],
      }];
    });
  }

  mend({ cells }) {
    this.#write(cells.map(cell => [cell, this.#read(cell)]).filter(([, text]) => text));
  }

  #enter(id) {
    if (id && id !== this.#entered?.id) this.#entered = { id, text: this.#cell(id)?.text };
  }

  #leave(id) {
    const before = this.#entered, cell = this.#cell(id);
    this.#entered = null;
    const typed = this.ready && cell && id === before?.id && cell.text !== before.text && this.#done.get(cell) !== cell.text;
    const text = typed ? this.#read(cell) : null;
    if (!text) return;
    this.#done.set(cell, cell.text);
    setTimeout(() => { this.#write([[cell, text]]); this.#tell(text); });      // the cell still closes
  }

  #tell(text) {
    if (this.#told) return;
    this.#told = true;
    toast({ text: text.includes('"') ? t('A text stands in quotes, they were added: {text}', { text }) : t('One number, without separators: {text}', { text }) });
  }

  // one step of undo; [[cell, text]]
  #write(texts) {
    this.#service('tkColumns')?.say(texts);
  }

  #cell(id) {
    return id && this.#service('elementRegistry')?.get(id)?.businessObject;
  }

  #service(name) {
    return this.modeler.getActiveViewer()?.get(name, false);
  }

  // a cell as FEEL; null where it is, or may be
  #read(cell) {
    const column = columnOf(cell), text = cell.text?.trim() ?? '', type = typeOf(column), input = cell.$type === 'dmn:UnaryTests';
    let read = text;
    if (type === 'number') read = text.replace(GROUPED, number => number.replaceAll(',', ''));
    if (type === 'string') read = this.#quoted(text, input, this.#names(cell));
    return read && read !== text ? read : null;
  }

  #quoted(text, input, known) {
    const [, inner] = (input && text.match(/^not\s*\((.*)\)$/)) || [];
    if (inner !== undefined) return this.#quoted(inner, true, known)?.replace(/^.*$/s, list => `not(${list})`);
    const items = (input ? text.split(/[,，、](?=(?:[^"]*"[^"]*")*[^"]*$)/) : [text]).map(item => item.trim());
    const bare = item => WORDS.test(item) && !known.has(item) && !functions.some(({ name }) => name === item) && !item.match(NAME).some(word => known.has(word) || KEYWORDS.includes(word));
    return items.every(item => TEXT.test(item) || bare(item)) ? items.map(item => (TEXT.test(item) ? item : `"${item}"`)).join(', ') : null;
  }

  // what a text may mean: what is required or known to the processes, and what the columns read
  #names(cell) {
    const read = cell.$parent.$parent.get('input').flatMap(({ inputExpression }) => inputExpression?.text?.match(NAME) ?? []);
    return new Set([...this.#service('variableResolver').getVariables(cell).names.map(({ name }) => name), ...read]);
  }
}

const idOf = node => node?.closest?.('td.input-cell, td.output-cell')?.dataset.elementId;

const kindOf = clause => (clause.$type === 'dmn:InputClause' ? 'input' : 'output');

const cellOf = (rule, column) => rule.get(`${kindOf(column)}Entry`)[rule.$parent.get(kindOf(column)).indexOf(column)];

function columnOf(cell) {
  const kind = cell.$type === 'dmn:UnaryTests' ? 'input' : 'output';
  return cell.$parent.$parent.get(kind)[cell.$parent.get(`${kind}Entry`).indexOf(cell)];
}

// of a named type, what it is made of
function typeOf(column) {
  const named = column.inputExpression?.typeRef ?? column.typeRef;
  let above = column;
  while (above.$parent) above = above.$parent;
  return above.get('itemDefinition').find(({ name }) => name === named)?.typeRef ?? named;
}
