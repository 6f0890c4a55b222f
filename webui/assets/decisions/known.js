// What the processes that ask a file know: offered in heads of columns and in cells, with the type that it has, and as new columns.
import { get } from '../shared/http.js';
import { t } from '../shared/i18n.js';
import { functions } from './feel_editor.js';
import { word } from './language.js';

const TYPES = {
  string: 'string', number: 'number', boolean: 'boolean', date: 'date', time: 'time', 'date and time': 'dateTime',
  'days and time duration': 'dayTimeDuration', 'years and months duration': 'yearMonthDuration',
};

const DAYS = [['today()', 'today'], ['< today()', 'before today'], ['> today()', 'after today'], ['[today()..today() + duration("P7D")]', 'within seven days']];

export class Known {
  names = [];

  constructor(address) {
    this.address = address;
    const known = this;
    // in the place of that of dmn-js, which knows what a decision requires and nothing else
    class Resolver {
      #providers = [];
      registerProvider(provider) { this.#providers.push(provider); }
      getVariables(element) { return known.at(element, this.#providers.flatMap(provider => provider.getVariables([], element))); }
    }
    this.module = { variableResolver: ['type', Resolver] };
    class Columns {
      static $inject = ['eventBus', 'commandStack', 'modeling', 'sheet'];
      constructor(eventBus, commandStack, modeling, sheet) {
        Object.assign(this, { commandStack, modeling, sheet });
        eventBus.on('commandStack.element.updateProperties.preExecute', ({ context }) => known.#adopt(context));
        commandStack.register('troika.addInput', { preExecute: ({ name }) => this.#column(name) });
        commandStack.register('troika.say', { preExecute: ({ texts }) => { for (const [cell, text] of texts) modeling.updateProperties(cell, { text }); } });
      }

      // one step of undo
      add(name) {
        this.commandStack.execute('troika.addInput', { name });
      }

      // texts of cells, in one step of undo
      say(texts) {
        this.commandStack.execute('troika.say', { texts });
      }

      #column(name) {
        const { businessObject } = this.modeling.addCol({ type: 'dmn:InputClause' }, this.sheet.getRoot().businessObject.get('input').length);
        this.modeling.updateProperties(businessObject, { inputExpression: { text: name } });
      }
    }
    this.columns = { __init__: ['tkColumns'], tkColumns: ['type', Columns] };
  }

  async load() {
    const { used, variables, functions: all } = await get(this.address);
    this.names = variables;
    functions.splice(0, Infinity, ...all);
    return used;
  }

  // names and values where a text of the file stands: a cell, the head of a column, an expression
  at(element, required) {
    return { names: [...required.map(({ detail, ...one }) => ({ type: detail && word(detail), ...one })), ...this.names], values: this.#values(element) };
  }

  // a column that reads what a process knows is of its type, and is called like it
  #adopt({ element, properties }) {
    const column = element.businessObject ?? element, text = properties.inputExpression?.text?.trim();
    const found = column.$type === 'dmn:InputClause' && text && this.names.find(({ name }) => name === text);
    if (!found) return;
    if (TYPES[found.type]) properties.inputExpression.typeRef ??= TYPES[found.type];
    if (found.label && !column.label) properties.label ??= found.label;
  }

  // what its column may say, says elsewhere, and is known to be
  #values(cell) {
    const rule = cell.$parent, table = rule?.$parent;
    if (rule?.$type !== 'dmn:DecisionRule') return [];
    const kind = rule.get('inputEntry').includes(cell) ? 'input' : 'output', place = rule.get(`${kind}Entry`).indexOf(cell), column = table.get(kind)[place];
    const known = kind === 'input' ? this.names.find(({ name }) => name === column.inputExpression?.text?.trim()) : null;
    const found = new Map(known?.choices ?? []), type = kind === 'input' ? column.inputExpression?.typeRef : column.typeRef;
    const texts = [column[`${kind}Values`]?.text, ...table.get('rule').filter(other => other !== rule).map(other => other.get(`${kind}Entry`)[place]?.text)];
    for (const text of texts) for (const [value] of (text ?? '').matchAll(/"(?:[^"\\]|\\.)*"/g)) if (!found.has(value)) found.set(value, '');
    if (type === 'date' && kind === 'input') for (const [value, text] of DAYS) found.set(value, word(text));
    if (type === 'boolean') for (const value of ['true', 'false']) if (!found.has(value)) found.set(value, word(value));
    return [...found];
  }
}

// used: the steps that ask; add(name): a new column, null where the file shows no table
export function showKnown({ host, list, used, names, add }) {
  const asked = used.map(({ process, name, address }) => Object.assign(document.createElement('a'), { href: address, textContent: `${process} · ${name}`, className: 'text-decoration-underline' }));
  for (const link of asked) link.dataset.saves = '';
  host.replaceChildren(...(asked.length ? asked.flatMap(link => [link, ' ']) : [t('No process asks this decision yet.')]));
  list.replaceChildren(...names.map(({ name, label, type }) => {
    const button = Object.assign(document.createElement('button'), { type: 'button', className: 'btn btn-sm tk-known', onclick: () => add(name) });
    button.setAttribute('aria-label', t('Add a column for {name}', { name: label || name }));
    button.append(...[['span', label], ['code', name], ['small', word(type)]].filter(([, text]) => text).map(([tag, textContent]) => Object.assign(document.createElement(tag), { textContent })));
    const item = document.createElement('li');
    item.append(button);
    return item;
  }));
}
