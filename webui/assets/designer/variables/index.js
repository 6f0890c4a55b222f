// Names that an expression of this drawing may use: fields of the forms it binds, results of its operations, decisions and
// scripts, and the roots that the engine keeps. For completion only: what a name means is judged by the server.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { extension } from '../extensions.js';

const PROCESS = { name: 'process', detail: 'context', entries: [
  { name: 'initiator', detail: 'context', entries: ['id', 'login', 'name', 'department', 'manager'].map(name => ({ name, detail: 'string' })) },
  { name: 'number', detail: 'string' }, { name: 'business_key', detail: 'string' }, { name: 'instance_id', detail: 'string' },
  { name: 'key', detail: 'string' }, { name: 'version', detail: 'number' }, { name: 'started_at', detail: 'date and time' },
] };
const OUTCOME = [['outcome', 'string'], ['round', 'number'], ['agreed', 'number'], ['rejected', 'number'], ['total', 'number'], ['by', 'string'], ['at', 'date and time']]
  .map(([name, detail]) => ({ name, detail }));

class Variables {
  static $inject = ['elementRegistry', 'eventBus', 'troikaCatalogue'];
  #known = null;

  constructor(elementRegistry, eventBus, catalogue) {
    Object.assign(this, { elementRegistry, catalogue });
    eventBus.on(['commandStack.changed', 'import.done'], () => { this.#known = null; });
  }

  // the same array while the drawing stays the same: a new one closes the completion list at each key
  at() {
    this.#known ??= this.#collect();
    return this.#known;
  }

  #collect() {
    const found = new Map(), approvals = [];
    const add = (name, detail, info) => { if (name && !found.has(name)) found.set(name, { name, detail, info }); };
    for (const element of this.elementRegistry.filter(({ type }) => type !== 'label')) {
      for (const { key, type, label } of this.catalogue.form(extension(element, 'zeebe:FormDefinition')?.get('formId'))?.fields ?? []) add(key, type, label);
      const mappings = extension(element, 'zeebe:IoMapping')?.get('outputParameters') ?? [];
      for (const mapping of mappings) add(mapping.get('target'), 'any', mapping.get('source'));
      const operation = this.catalogue.operation(extension(element, 'zeebe:TaskDefinition')?.get('type'));
      if (!mappings.length) for (const [name, type] of Object.entries(operation?.outputs ?? {})) add(name, type, operation.label);
      add(extension(element, 'zeebe:CalledDecision')?.get('resultVariable'), 'any');
      add(extension(element, 'zeebe:Script')?.get('resultVariable'), 'any');
      if (is(element, 'bpmn:UserTask') && extension(element, 'troika:Approval')) {
        approvals.push({ name: element.id, detail: 'context', info: getBusinessObject(element).get('name'), entries: OUTCOME });
      }
    }
    return [...found.values(), ...(approvals.length ? [{ name: 'approval', detail: 'context', entries: approvals }] : []), PROCESS];
  }
}

export default { __init__: ['troikaVariables'], troikaVariables: ['type', Variables] };
