// A call that is drawn here runs the version that is deployed together with it; the file says so. Without the word it would
// follow the latest version, as in Camunda: a call that a file brings along, or that is pasted, stays as it is.
import { is } from 'bpmn-js/lib/util/ModelUtil';
import CommandInterceptor from 'diagram-js/lib/command/CommandInterceptor';
import { edit, extension } from '../extensions.js';

const AFTER_ZEEBE = 400;      // Zeebe's behaviour, which makes the element, runs at 5000

class Binding extends CommandInterceptor {
  static $inject = ['eventBus', 'injector'];
  constructor(eventBus, injector) {
    super(eventBus);
    const pin = element => edit(injector, element, { 'zeebe:CalledElement': { bindingType: 'deployment' } });
    this.preExecute('shape.create', ({ context }) => { context.unbound = isNew(context.shape); });
    this.postExecuted('shape.create', AFTER_ZEEBE, ({ context }) => { if (context.unbound) pin(context.shape); });
    this.preExecute('element.updateModdleProperties', ({ context }) => {
      const { moddleElement: called, properties } = context;
      context.unbound = is(called, 'zeebe:CalledElement') && 'processId' in properties && !called.processId && !hasOwn(called, 'bindingType');
    });
    this.postExecuted('element.updateModdleProperties', ({ context }) => { if (context.unbound) pin(context.element); });
  }
}

function isNew(shape) {
  return is(shape, 'bpmn:CallActivity') && !extension(shape, 'zeebe:CalledElement') && !shape.businessObject.get('calledElement');
}

function hasOwn(called, name) {
  return Object.prototype.hasOwnProperty.call(called, name);
}

export default { __init__: ['troikaBinding'], troikaBinding: ['type', Binding] };
