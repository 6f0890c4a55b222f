// What the file, its columns and the texts that they give are called, in both languages, in one table: the names of the file
// beside those in English.
import { chinese, fill } from '../shared/i18n.js';
import { word } from './language.js';

const LABEL = 'troika:Label', ENGLISH = 'en';

// host: a tbody; renamed(name): of the first decision, in the reader's language
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
    this.parts = decisions.flatMap(decision => [{ part: decision, kind: 'Decision' }, ...columnsOf(decision)]);
    this.host.replaceChildren(...this.parts.map((named, place) => this.#row(named, place)));
    this.#title();
  }

  #title() {
    const [first] = this.parts;
    if (first) this.renamed((!chinese && labelOf(first, ENGLISH)?.text) || nameOf(first));
  }

  #row(named, place) {
    const row = document.createElement('tr'), kind = word(named.kind);
    const head = Object.assign(document.createElement('th'), { scope: 'row', className: 'fw-normal text-secondary', textContent: kind });
    if (named.value !== undefined) head.append(' ', Object.assign(document.createElement('code'), { textContent: named.value }));
    row.append(head, ...[['', nameOf(named), fill(word('{kind}: name'), { kind })], [ENGLISH, labelOf(named, ENGLISH)?.text ?? '', fill(word('{kind}: name in English'), { kind })]].map(([language, text, label]) => {
      const cell = document.createElement('td'), field = Object.assign(document.createElement('input'), { className: 'form-control form-control-sm', value: text, autocomplete: 'off' });
      Object.assign(field.dataset, { place, language });
      field.setAttribute('aria-label', [label, named.value ?? text].filter(Boolean).join(' · '));
      cell.append(field);
      return cell;
    }));
    return row;
  }

  // one step of undo where the part is on the page, else written into the file
  #write({ dataset: { place, language }, value: typed }) {
    const named = this.parts[place], { part, value } = named, text = typed.trim();
    const properties = language || value !== undefined ? { extensionElements: withLabel(named, language, text) } : { [part.$type === 'dmn:Decision' ? 'name' : 'label']: text };
    const viewer = this.modeler.getActiveViewer(), element = viewer?.get('elementRegistry', false)?.get(part.id);
    if (element || viewer?.get('sheet', false)?.getRoot().businessObject.$parent === part) viewer.get('modeling').updateProperties(element?.businessObject ?? part, properties);
    else {
      Object.assign(part, properties);
      this.changed();
    }
    if (named === this.parts[0]) this.#title();
  }

  changed = () => {};
}

// [{ part, kind, value }], value: of a text that the column gives
function columnsOf({ decisionLogic: table }) {
  if (table?.$type !== 'dmn:DecisionTable') return [];
  return [
    ...table.get('input').map(part => ({ part, kind: 'Input' })),
    ...table.get('output').flatMap((part, place) => [{ part, kind: 'Output' }, ...textsOf(table, place).map(value => ({ part, kind: 'Value', value }))]),
  ];
}

const textsOf = (table, place) => [...new Set(table.get('rule').map(rule => /^\s*"([^"\\]+)"\s*$/.exec(rule.get('outputEntry')[place]?.text ?? '')?.[1]).filter(Boolean))];
const labelsOf = part => part.extensionElements?.get('values').filter(({ $type }) => $type === LABEL) ?? [];
const labelOf = ({ part, value }, language) => labelsOf(part).find(label => (label.lang ?? '') === language && label.value === value);
const nameOf = named => (named.value !== undefined ? labelOf(named, '')?.text : named.part.$type === 'dmn:Decision' ? named.part.name : named.part.label) ?? '';

function withLabel(named, language, text) {
  const { part, value } = named, before = labelOf(named, language), others = (part.extensionElements?.get('values') ?? []).filter(kept => kept !== before);
  const label = text && part.$model.create(LABEL, { ...(value !== undefined && { value }), ...(language && { lang: language }), text }), values = label ? [...others, label] : others;
  if (!values.length) return undefined;
  const kept = Object.assign(part.$model.create('dmn:ExtensionElements', { values }), { $parent: part });
  for (const one of values) one.$parent = kept;
  return kept;
}
