// Names that an expression of this drawing may use, with their types, as the last check of the server found them; and the
// functions. The labels of form fields come from the catalogue.
import { extension } from '../extensions.js';

class Variables {
  static $inject = ['elementRegistry', 'troikaCatalogue', 'eventBus', 'troikaShownNames'];
  #names = [];

  constructor(elementRegistry, catalogue, eventBus, shown) {
    Object.assign(this, { elementRegistry, catalogue, eventBus, shown });
  }

  // (text, kind) -> what the server finds wrong with it, kind: expression | condition | unary_tests; the page sets it
  judge = async () => [];

  // (text, kind, { name: typed }) -> { names, value, findings }; the page sets it. What was typed once is offered again
  attempt = async () => ({ names: [], value: null, findings: [] });
  tried = {};

  // (text, kind, work calendar, { name: typed }) -> { times, more, problem } of a timer that begins now; the page sets it
  coming = async () => ({ times: [], more: false, problem: '' });

  // names: [{ name, type, options, entries, origin }], null while the drawing cannot be read: the last ones stay
  set(names) {
    if (!names) return;
    this.#names = names.map(found => ({ ...found, info: this.#whence(found) }));
    this.eventBus.fire('troika.names');
  }

  // the same array while nothing changed: a new one closes the completion list at each key
  all() {
    return this.#names;
  }

  // the form field, or the column of a decision, that a name comes from
  field({ name, origin }) {
    const element = origin && this.elementRegistry.get(origin);
    if (!element) return undefined;
    const called = extension(element, 'zeebe:CalledDecision'), start = called?.get('resultVariable');
    const results = called && name.startsWith(start) ? this.catalogue.decision(called.get('decisionId'))?.results : undefined;
    return results?.find(result => `${start}${result.name}` === name) ?? this.catalogue.form(extension(element, 'zeebe:FormDefinition')?.get('formId'))?.fields.find(({ key }) => key === name);
  }

  functions() {
    return this.catalogue.functions;
  }

  #whence({ name, origin }) {
    const element = origin && this.elementRegistry.get(origin);
    if (!element) return undefined;
    const operation = this.catalogue.operation(extension(element, 'zeebe:TaskDefinition')?.get('type'));
    return [this.field({ name, origin })?.label ?? operation?.titles[name], this.shown.of(element)].filter(Boolean).join(' · ') || undefined;
  }
}

export default { __init__: ['troikaVariables'], troikaVariables: ['type', Variables] };
