// Where BPMN lets stand what belongs to transactions, compensation and event sub-processes (BPMN 2.0.2, 10.5.5 and 10.7).
import { hasEventDefinition, isEventSubProcess } from 'bpmn-js/lib/util/DiUtil';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';

const CANCEL = 'bpmn:CancelEventDefinition', COMPENSATE = 'bpmn:CompensateEventDefinition';
const PLACES = [
  [/cancel-end$/, ({ scope }) => is(scope, 'bpmn:Transaction')],
  [/cancel-boundary$/, ({ host }) => is(host, 'bpmn:Transaction') && !bears(host, CANCEL)],
  [/compensation-boundary$/, ({ host }) => isUndoable(host) && !bears(host, COMPENSATE)],
  [/compensation-start$/, ({ scope }) => isEventSubProcess(scope) && is(scope.parent, 'bpmn:SubProcess')],
  [/(error|escalation|non-interrupting-\w+)-start$/, ({ scope }) => isEventSubProcess(scope)],
];

// id: of an entry of a menu; `scope` would hold it, `host` have it attached
export function mayStand(id, place) {
  return PLACES.every(([kind, allowed]) => !kind.test(id) || allowed(place));
}

// whether what follows it undoes its host: bpmn-js marks it for compensation and draws an association
export function undoes(element) {
  return is(element, 'bpmn:BoundaryEvent') && hasEventDefinition(element, COMPENSATE);
}

function isUndoable(element) {
  return is(element, 'bpmn:Activity') && !isEventSubProcess(element) && !getBusinessObject(element).get('isForCompensation');
}

function bears(host, definition) {
  return host.attachers.some(attached => hasEventDefinition(attached, definition));
}
