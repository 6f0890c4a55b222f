// Element templates of this engine: in the menus behind N, A and the dots, each operation of the catalogue is a step that is ready but
// for its inputs. What a template of Camunda holds beside the type (labels, kinds and choices of inputs, results) the panel takes from
// the same catalogue, so it changes with the operation and needs no copy in the drawing.
import { is } from 'bpmn-js/lib/util/ModelUtil';
import { extension } from '../extensions.js';

const CREATE = 'bpmn-create', APPEND = 'bpmn-append';

class Operations {
  static $inject = ['troikaCatalogue', 'troikaVariables', 'elementRegistry', 'popupMenu', 'create', 'autoPlace', 'bpmnFactory', 'elementFactory', 'mouse', 'rules', 'translate'];
  constructor(catalogue, variables, elementRegistry, popupMenu, create, autoPlace, bpmnFactory, elementFactory, mouse, rules, translate) {
    Object.assign(this, { catalogue, variables, elementRegistry, operations: catalogue.operations, popupMenu, bpmnFactory, elementFactory, translate });
    const place = (event, shape, source) => create.start(event instanceof KeyboardEvent ? mouse.getLastMoveEvent() : event, shape, source && { source });
    popupMenu.registerProvider(CREATE, { getPopupMenuEntries: () => this.#entries(make => ({ click: event => place(event, make()), dragstart: event => place(event, make()) })) });
    popupMenu.registerProvider(APPEND, { getPopupMenuEntries: source => rules.allowed('shape.append', { element: source })
      ? this.#entries(make => ({ click: () => autoPlace.append(source, make()), dragstart: event => place(event, make(), source) })) : {} });
  }

  #entries(action) {
    const tab = { id: 'tk-operations', label: this.translate('Operations') };
    return Object.fromEntries(this.operations.map(operation => [`operation-${operation.name}`, {
      label: operation.label, search: [operation.name, operation.doc], description: operation.name, className: 'bpmn-icon-service-task', tab,
      group: { id: `tk-${operation.module}`, name: operation.module.toUpperCase() },
      action: action(() => { this.popupMenu.close(); return this.#step(operation); }),
    }]));
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
