// What puts a finding right in the drawing: `troikaFixes.apply(fix)`, one step of undo each.
import { getBusinessObject } from 'bpmn-js/lib/util/ModelUtil';
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
};

class Fixes {
  static $inject = ['injector', 'elementRegistry'];
  constructor(injector, elementRegistry) {
    Object.assign(this, { injector, elementRegistry });
  }

  apply({ id, element, subject }) {
    const found = this.elementRegistry.get(element);
    if (found) FIXES[id](this.injector, found, subject);
  }
}

export default { __init__: ['troikaFixes'], troikaFixes: ['type', Fixes] };
