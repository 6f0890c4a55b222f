// 流转条件: the condition of a flow, and whether it is the one taken when no other is; what a conditional event and a
// complex gateway wait for.
import { CheckboxEntry } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { getBusinessObject, is, isAny } from 'bpmn-js/lib/util/ModelUtil';
import { ConditionField } from './condition_rows.js';
import { group } from './entries.js';
import { WaysOut } from './ways_out.js';

export function flowGroups(element, translate) {
  if (!mayBeConditional(element)) return [];
  const isDefault = getBusinessObject(element.source).get('default') === getBusinessObject(element);
  return [group('tk-condition', translate('Condition'), [
    { id: 'tk-condition-default', component: DefaultEntry },
    !isDefault && { id: 'tk-condition-body', component: ConditionEntry },
    { id: 'tk-condition-beside', component: WaysOut },
  ])];
}

export function waitsForCondition(element) {
  return Boolean(conditionOf(element));
}

export function waitingGroups(element, translate) {
  return [group('tk-condition', translate('Condition'), [{ id: 'tk-condition-awaited', component: AwaitedEntry }])];
}

// [what holds the expression, its property, the words of the field]
function conditionOf(element) {
  const owner = getBusinessObject(element);
  if (is(owner, 'bpmn:ComplexGateway')) return [owner, 'activationCondition', 'Fires when', 'For example activationCount >= 2'];
  const definition = (owner.get('eventDefinitions') ?? []).find(found => is(found, 'bpmn:ConditionalEventDefinition'));
  return definition && [definition, 'condition', 'Happens when', 'For example stock < 5'];
}

function AwaitedEntry({ element, id }) {
  const modeling = useService('modeling'), factory = useService('bpmnFactory'), translate = useService('translate'), words = useService('troikaVariables');
  const [holder, property, label, hint] = conditionOf(element);
  return h(ConditionField, {
    key: `${element.id}-${id}`, id, label: translate(label), hint: translate(hint), value: holder.get(property)?.get('body'), words, kind: 'condition',
    onChange: body => modeling.updateModdleProperties(element, holder, { [property]: body && Object.assign(factory.create('bpmn:FormalExpression', { body }), { $parent: holder }) }),
  });
}

function mayBeConditional(element) {
  return is(element, 'bpmn:SequenceFlow') && element.source && isAny(element.source, ['bpmn:ExclusiveGateway', 'bpmn:InclusiveGateway', 'bpmn:ComplexGateway', 'bpmn:Activity']);
}

function ConditionEntry({ element, id }) {
  const modeling = useService('modeling'), factory = useService('bpmnFactory'), translate = useService('translate'), words = useService('troikaVariables');
  const flow = getBusinessObject(element);
  return h(ConditionField, {
    key: `${element.id}-${id}`, id, label: translate('Taken when'), hint: translate('For example amount > 5000 and category = "travel"'),
    value: flow.get('conditionExpression')?.get('body'), words, kind: 'condition',
    onChange: body => modeling.updateProperties(element, { conditionExpression: body && Object.assign(factory.create('bpmn:FormalExpression', { body }), { $parent: flow }) }),
  });
}

function DefaultEntry({ element, id }) {
  const modeling = useService('modeling'), translate = useService('translate');
  const flow = getBusinessObject(element), source = getBusinessObject(element.source);
  return h(CheckboxEntry, {
    element, id, label: translate('Taken when no other is (default)'), getValue: () => source.get('default') === flow,
    setValue: on => modeling.updateProperties(element.source, { default: on ? flow : undefined }),
  });
}
