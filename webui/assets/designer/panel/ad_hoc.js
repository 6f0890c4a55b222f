// An ad-hoc sub-process: in which order its activities are done, which of them begin by themselves, and when it is enough.
import { CheckboxEntry, SelectEntry, isCheckboxEntryEdited, isSelectEntryEdited } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { getBusinessObject } from 'bpmn-js/lib/util/ModelUtil';
import { ConditionField } from './condition_rows.js';
import { feel, group, select } from './entries.js';

const ORDERINGS = [['Parallel', 'At the same time'], ['Sequential', 'One after the other']];

export function adHocGroups(element, translate) {
  return [group('tk-ad-hoc', translate('Ad-hoc activities'), [
    { id: 'tk-ad-hoc-ordering', component: OrderingEntry, isEdited: isSelectEntryEdited },
    select('troika:AdHoc', 'activation', 'Begun by', [['', 'By themselves'], ['manual', 'By people only']]),
    feel('zeebe:AdHoc', 'activeElementsCollection', 'Active at the beginning', 'A list of ids, for example ["call", "visit"]; empty: all that nothing leads to'),
    { id: 'tk-ad-hoc-completion', component: CompletionEntry },
    { id: 'tk-ad-hoc-cancel', component: CancelEntry, isEdited: isCheckboxEntryEdited },
  ])];
}

function OrderingEntry({ element, id }) {
  const modeling = useService('modeling'), translate = useService('translate');
  return h(SelectEntry, {
    element, id, label: translate('Order'), getValue: () => getBusinessObject(element).get('ordering') ?? ORDERINGS[0][0],
    setValue: ordering => modeling.updateProperties(element, { ordering }),
    getOptions: () => ORDERINGS.map(([value, label]) => ({ value, label: translate(label) })),
  });
}

function CompletionEntry({ element, id }) {
  const modeling = useService('modeling'), factory = useService('bpmnFactory'), translate = useService('translate'), words = useService('troikaVariables');
  const owner = getBusinessObject(element);
  return h(ConditionField, {
    key: `${element.id}-${id}`, id, label: translate('Enough when'), hint: translate('Looked at after each activity; empty: when nothing is active any more'),
    value: owner.get('completionCondition')?.get('body'), words, kind: 'condition',
    onChange: body => modeling.updateProperties(element, { completionCondition: body && Object.assign(factory.create('bpmn:FormalExpression', { body }), { $parent: owner }) }),
  });
}

function CancelEntry({ element, id }) {
  const modeling = useService('modeling'), translate = useService('translate');
  return h(CheckboxEntry, {
    element, id, label: translate('Cancel what is still active then'), getValue: () => getBusinessObject(element).get('cancelRemainingInstances') !== false,
    setValue: on => modeling.updateProperties(element, { cancelRemainingInstances: on }),
  });
}
