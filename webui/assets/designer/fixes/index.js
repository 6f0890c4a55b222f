// What puts a finding right in the drawing: `troikaFixes.apply(fix)`, one step of undo each.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { edit, extension } from '../extensions.js';

const FIXES = {
  'remove-automatic-pass': (injector, element) => {
    const timeout = extension(element, 'troika:Timeout'), left = timeout?.get('steps').filter(step => step.get('do') !== 'agree');
    edit(injector, element, {
      ...(extension(element, 'troika:OnEmpty')?.get('do') === 'autoPass' && { 'troika:OnEmpty': null }),
      ...(extension(element, 'troika:OnSelf')?.get('do') === 'skip' && { 'troika:OnSelf': null }),
      ...(extension(element, 'troika:SkipWhen') && { 'troika:SkipWhen': null }),
      ...(timeout && left.length < timeout.get('steps').length && { 'troika:Timeout': left.length ? { steps: left } : null }),
    });
  },
  'field-read-only': (injector, element, field) => edit(injector, element, { 'troika:Fields': (found, make) => {
    const kept = (found.get('fields') ?? []).filter(one => one.get('id') !== field);
    return { fields: [...kept, make('troika:Field', { id: field, perm: 'read' })] };
  } }),
  'add-outcome-check': (injector, element, approval) => {
    const flow = getBusinessObject(element), asks = `approval.${approval}.outcome = "agree"`;
    const before = (flow.get('conditionExpression')?.get('body') ?? '').replace(/^=/, '').trim();
    const body = before ? `= (${before}) and ${asks}` : `= ${asks}`;
    const conditionExpression = Object.assign(injector.get('bpmnFactory').create('bpmn:FormalExpression', { body }), { $parent: flow });
    injector.get('modeling').updateProperties(element, { conditionExpression });
  },
  'timer-to-escalation': (injector, element, approval) => injector.get('commandStack').execute('troika.escalate', { event: element, approval }),
  'add-join': (injector, element) => is(element, 'bpmn:Gateway')
    ? injector.get('bpmnReplace').replaceElement(element, { type: 'bpmn:ParallelGateway' })
    : injector.get('commandStack').execute('troika.join', { element }),
};

// The time of a boundary event becomes a step of what happens to an approval that is late; the event goes, with what it led to alone
class Escalate {
  static $inject = ['injector', 'elementRegistry', 'modeling'];
  constructor(injector, elementRegistry, modeling) {
    Object.assign(this, { injector, elementRegistry, modeling });
  }

  preExecute({ event, approval }) {
    const after = getBusinessObject(event).get('eventDefinitions')[0].get('timeDuration').get('body').trim();
    edit(this.injector, this.elementRegistry.get(approval), { 'troika:Timeout': (found, make) => ({
      steps: [...found.get('steps') ?? [], make('troika:Step', { after, do: 'escalate' })],
    }) });
    this.modeling.removeElements([event]);
  }
}

// A parallel gateway before an activity to which several branches lead
class Join {
  static $inject = ['modeling'];
  constructor(modeling) {
    this.modeling = modeling;
  }

  preExecute({ element }) {
    const flows = element.incoming.filter(flow => is(flow, 'bpmn:SequenceFlow')), at = { x: element.x - 60, y: element.y + element.height / 2 };
    const gateway = this.modeling.createShape({ type: 'bpmn:ParallelGateway' }, at, element.parent);
    for (const flow of flows) this.modeling.reconnectEnd(flow, gateway, at);
    this.modeling.connect(gateway, element);
  }
}

class Fixes {
  static $inject = ['injector', 'elementRegistry', 'commandStack'];
  constructor(injector, elementRegistry, commandStack) {
    Object.assign(this, { injector, elementRegistry });
    commandStack.registerHandler('troika.escalate', Escalate);
    commandStack.registerHandler('troika.join', Join);
  }

  apply({ id, element, subject }) {
    const found = this.elementRegistry.get(element);
    if (found) FIXES[id](this.injector, found, subject);
  }
}

export default { __init__: ['troikaFixes'], troikaFixes: ['type', Fixes] };
