// Element templates of this engine: in the menus behind N, A and the dots, each operation of the catalogue is a step that is ready but
// for its inputs. What a template of Camunda holds beside the type (labels, kinds and choices of inputs, results) the panel takes from
// the same catalogue, so it changes with the operation and needs no copy in the drawing.
import { is } from 'bpmn-js/lib/util/ModelUtil';
import { extension } from '../extensions.js';
import { undoes } from '../offer/places.js';

const CREATE = 'bpmn-create', APPEND = 'bpmn-append';

class Operations {
  static $inject = ['troikaCatalogue', 'troikaVariables', 'elementRegistry', 'popupMenu', 'create', 'autoPlace', 'bpmnFactory', 'elementFactory', 'mouse', 'rules', 'translate'];
  constructor(catalogue, variables, elementRegistry, popupMenu, create, autoPlace, bpmnFactory, elementFactory, mouse, rules, translate) {
    Object.assign(this, { catalogue, variables, elementRegistry, operations: catalogue.operations, popupMenu, bpmnFactory, elementFactory, translate });
    const place = (event, shape, source) => create.start(event instanceof KeyboardEvent ? mouse.getLastMoveEvent() : event, shape, source && { source });
    popupMenu.registerProvider(CREATE, { getPopupMenuEntries: () => this.#entries(make => ({ click: event => place(event, make()), dragstart: event => place(event, make()) })) });
    popupMenu.registerProvider(APPEND, { getPopupMenuEntries: source => {
      if (!rules.allowed('shape.append', { element: source })) return {};
      const append = make => ({ click: () => autoPlace.append(source, make()), dragstart: event => place(event, make(), source) });
      return entries => ({ ...this.#undoing(source, append), ...entries, ...this.#entries(append) });
    } });
  }

  #entries(action) {
    const tab = { id: 'tk-operations', label: this.translate('Operations') };
    return Object.fromEntries(this.operations.map(operation => [`operation-${operation.name}`, {
      ...this.#entry(operation, action), tab, group: { id: `tk-${operation.module}`, name: operation.module.toUpperCase() },
    }]));
  }

  // behind a compensation event, first of all: what its module offers to undo the operation of the step
  #undoing(source, action) {
    const undone = source.host && undoes(source) && this.catalogue.operation(extension(source.host, 'zeebe:TaskDefinition')?.get('type'));
    const operation = undone && this.catalogue.operation(undone.undoneBy);
    return operation ? { [`undo-${operation.name}`]: { ...this.#entry(operation, action), group: { id: 'tk-undo', name: this.translate('Compensates this step') } } } : {};
  }

  #entry(operation, action) {
    return {
      label: operation.label, search: [operation.name, operation.doc], description: operation.name, className: 'bpmn-icon-service-task',
      action: action(() => { this.popupMenu.close(); return this.#step(operation); }),
    };
  }

  // what it takes and the process has under the same name, it is given
  #step({ name, label, parameters }) {
    const task = this.bpmnFactory.create('bpmn:ServiceTask', { name: label }), extensions = this.bpmnFactory.create('bpmn:ExtensionElements', { values: [] });
    const definition = this.bpmnFactory.create('zeebe:TaskDefinition', { type: name });
    const known = this.#known(), given = parameters.filter(({ name: wanted }) => known.has(wanted));
    const mapping = given.length && this.bpmnFactory.create('zeebe:IoMapping', {
      inputParameters: given.map(({ name: target }) => this.bpmnFactory.create('zeebe:Input', { source: `= ${target}`, target })),
    });
    for (const part of [definition, mapping].filter(Boolean)) {
      extensions.get('values').push(part);
      part.$parent = extensions;
    }
    for (const input of mapping ? mapping.get('inputParameters') : []) input.$parent = mapping;
    extensions.$parent = task;
    task.set('extensionElements', extensions);
    return this.elementFactory.createShape({ type: 'bpmn:ServiceTask', businessObject: task });
  }

  // data of the last check, and what operations give that were drawn since
  #known() {
    const drawn = this.elementRegistry.filter(element => is(element, 'bpmn:ServiceTask') && !extension(element, 'zeebe:IoMapping')?.get('outputParameters')?.length)
      .flatMap(element => Object.keys(this.catalogue.operation(extension(element, 'zeebe:TaskDefinition')?.get('type'))?.outputs ?? {}));
    return new Set([...this.variables.all().map(({ name }) => name), ...drawn]);
  }
}

export default { __init__: ['troikaOperations'], troikaOperations: ['type', Operations] };
