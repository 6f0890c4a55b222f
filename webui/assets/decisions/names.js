// What the file and its columns are called, in both languages, in one table: the names of the file beside those in English.
import { fill } from '../shared/i18n.js';
import { word } from './language.js';

const LABEL = 'troika:Label', ENGLISH = 'en';

// host: a tbody; renamed(name): of the first decision
export class Names {
  constructor(modeler, host, renamed) {
    Object.assign(this, { modeler, host, renamed });
    host.addEventListener('change', ({ target }) => this.#write(target));
    modeler.on('views.changed', () => this.show());
  }

  // not while somebody types here
  show() {
    if (this.host.contains(document.activeElement)) return;
    const decisions = this.modeler.getDefinitions()?.get('drgElement').filter(({ $type }) => $type === 'dmn:Decision') ?? [];
    this.parts = decisions.flatMap(decision => [decision, ...columnsOf(decision)]);
    this.host.replaceChildren(...this.parts.map((part, place) => this.#row(part, place)));
    if (decisions[0]) this.renamed(decisions[0].name ?? '');
  }

  #row(part, place) {
    const row = document.createElement('tr'), kind = word(part.$type === 'dmn:Decision' ? 'Decision' : part.$type === 'dmn:InputClause' ? 'Input' : 'Output');
    const head = Object.assign(document.createElement('th'), { scope: 'row', className: 'fw-normal text-secondary', textContent: kind });
    row.append(head, ...[['', nameOf(part), fill(word('{kind}: name'), { kind })], [ENGLISH, english(part)?.text ?? '', fill(word('{kind}: name in English'), { kind })]].map(([language, value, label]) => {
      const cell = document.createElement('td'), field = Object.assign(document.createElement('input'), { className: 'form-control form-control-sm', value, autocomplete: 'off' });
      Object.assign(field.dataset, { place, language });
      field.setAttribute('aria-label', value ? `${label} (${value})` : label);
      cell.append(field);
      return cell;
    }));
    return row;
  }

  // one step of undo where the part is on the page, else written into the file
  #write({ dataset: { place, language }, value }) {
    const part = this.parts[place], text = value.trim();
    const properties = language ? { extensionElements: withEnglish(part, text) } : { [part.$type === 'dmn:Decision' ? 'name' : 'label']: text };
    const viewer = this.modeler.getActiveViewer(), element = viewer?.get('elementRegistry', false)?.get(part.id);
    if (element || viewer?.get('sheet', false)?.getRoot().businessObject.$parent === part) viewer.get('modeling').updateProperties(element?.businessObject ?? part, properties);
    else {
      Object.assign(part, properties);
      this.changed();
    }
    if (part === this.parts[0] && !language) this.renamed(text);
  }

  changed = () => {};
}

const columnsOf = ({ decisionLogic: table }) => (table?.$type === 'dmn:DecisionTable' ? [...table.get('input'), ...table.get('output')] : []);
const nameOf = part => (part.$type === 'dmn:Decision' ? part.name : part.label) ?? '';
const english = part => part.extensionElements?.get('values').find(({ $type, lang }) => $type === LABEL && lang === ENGLISH);

function withEnglish(part, text) {
  const others = (part.extensionElements?.get('values') ?? []).filter(value => value !== english(part));
  const label = text && part.$model.create(LABEL, { lang: ENGLISH, text }), values = label ? [...others, label] : others;
  if (!values.length) return undefined;
  const kept = Object.assign(part.$model.create('dmn:ExtensionElements', { values }), { $parent: part });
  for (const value of values) value.$parent = kept;
  return kept;
}
