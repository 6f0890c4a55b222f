// Repetition: the loop marker of an activity. A standard loop repeats while its condition holds; a multi-instance runs once for
// each element of a collection, or as often as a number says.
import { CheckboxEntry, SelectEntry, TextFieldEntry, isCheckboxEntryEdited, isSelectEntryEdited, isTextFieldEntryEdited } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { ConditionField } from './condition_rows.js';
import { group } from './entries.js';
import { FeelField } from './feel_field.js';

const STANDARD = 'bpmn:StandardLoopCharacteristics', MULTIPLE = 'bpmn:MultiInstanceLoopCharacteristics', OURS = 'zeebe:LoopCharacteristics';
const KINDS = [['', 'Once'], ['standard', 'Standard loop'], ['parallel', 'Multi-instance, in parallel'], ['sequential', 'Multi-instance, in sequence']];

// where a value lies: ours (an attribute of zeebe:loopCharacteristics), expression (an expression of BPMN), plain (an attribute)
const ENTRIES = {
  standard: [
    feel('expression', 'loopCondition', 'Repeated while', 'For example approved = false', 'condition'),
    text('plain', 'loopMaximum', 'At most', { pattern: /^[1-9]\d{0,8}$/, problem: 'Expected a whole number from 1' }),
    check('plain', 'testBefore', 'Condition is looked at before the first round'),
  ],
  multiple: [
    feel('ours', 'inputCollection', 'For each of', 'A list, for example order.lines'),
    text('ours', 'inputElement', 'Element is called'),
    feel('expression', 'loopCardinality', 'Or as often as', 'A number, where there is no list'),
    text('ours', 'outputCollection', 'Results are collected in'),
    feel('ours', 'outputElement', 'Result of each', 'For example line.price * line.quantity'),
    feel('expression', 'completionCondition', 'Ends early when', 'For example numberOfCompletedInstances >= 2', 'condition'),
  ],
};

export function repeats(element) {
  return is(element, 'bpmn:Activity') && !getBusinessObject(element).get('triggeredByEvent');
}

export function loopGroup(element, translate) {
  const kind = kindOf(marker(element));
  const more = kind === 'standard' ? ENTRIES.standard : kind ? ENTRIES.multiple : [];
  return group('tk-loop', translate('Repetition'), [{ id: 'tk-loop-kind', component: KindEntry, isEdited: isSelectEntryEdited }, ...more]);
}

function marker(element) {
  return getBusinessObject(element).get('loopCharacteristics');
}

function kindOf(loop) {
  if (!loop) return '';
  if (is(loop, STANDARD)) return 'standard';
  return loop.get('isSequential') ? 'sequential' : 'parallel';
}

function KindEntry({ element, id }) {
  const modeling = useService('modeling'), factory = useService('bpmnFactory'), translate = useService('translate');
  const change = kind => {
    const loop = marker(element), multiple = kind === 'parallel' || kind === 'sequential';
    if (multiple && is(loop, MULTIPLE)) {
      modeling.updateModdleProperties(element, loop, { isSequential: kind === 'sequential' });
      return;
    }
    const made = kind && factory.create(multiple ? MULTIPLE : STANDARD, multiple ? { isSequential: kind === 'sequential' } : {});
    if (made) made.$parent = getBusinessObject(element);
    modeling.updateProperties(element, { loopCharacteristics: made || undefined });
  };
  return h(SelectEntry, {
    element, id, label: translate('Runs'), getValue: () => kindOf(marker(element)), setValue: change,
    getOptions: () => KINDS.map(([value, label]) => ({ value, label: translate(label) })),
  });
}

function feel(place, name, label, hint, kind) {
  return { id: `tk-loop-${name}`, component: LoopFeelEntry, spec: { place, name, label, hint, kind } };
}

function text(place, name, label, rule) {
  return { id: `tk-loop-${name}`, component: LoopTextEntry, isEdited: isTextFieldEntryEdited, spec: { place, name, label, rule } };
}

function check(place, name, label) {
  return { id: `tk-loop-${name}`, component: LoopCheckEntry, isEdited: isCheckboxEntryEdited, spec: { place, name, label } };
}

function LoopFeelEntry({ element, id, spec: { place, name, label, hint, kind } }) {
  const injector = useService('injector'), translate = useService('translate'), words = useService('troikaVariables');
  return h(kind === 'condition' ? ConditionField : FeelField, {
    key: `${element.id}-${id}`, id, label: translate(label), hint: translate(hint), value: read(element, place, name), words, ...(kind && { kind }),
    onChange: value => write(injector, element, place, name, value),
  });
}

function LoopTextEntry({ element, id, spec: { place, name, label, rule } }) {
  const injector = useService('injector'), translate = useService('translate'), debounce = useService('debounceInput');
  return h(TextFieldEntry, {
    element, id, debounce, label: translate(label), getValue: () => String(read(element, place, name) ?? ''),
    ...(rule && { validate: value => value && !rule.pattern.test(value) ? translate(rule.problem) : null }),
    setValue: (value, error) => { if (!error) write(injector, element, place, name, value && rule ? Number(value) : value || undefined); },
  });
}

function LoopCheckEntry({ element, id, spec: { place, name, label } }) {
  const injector = useService('injector'), translate = useService('translate');
  return h(CheckboxEntry, {
    element, id, label: translate(label), getValue: () => read(element, place, name) === true,
    setValue: on => write(injector, element, place, name, on || undefined),
  });
}

function read(element, place, name) {
  const loop = marker(element);
  if (place === 'ours') return ours(loop)?.get(name);
  return place === 'expression' ? loop.get(name)?.get('body') : loop.get(name);
}

function ours(loop) {
  return loop.get('extensionElements')?.get('values').find(value => is(value, OURS));
}

// one command, one step of undo
function write(injector, element, place, name, value) {
  const loop = marker(element), factory = injector.get('bpmnFactory'), modeling = injector.get('modeling');
  const make = (type, properties, parent) => Object.assign(factory.create(type, properties), { $parent: parent });
  if (place === 'plain') modeling.updateModdleProperties(element, loop, { [name]: value });
  else if (place === 'expression') modeling.updateModdleProperties(element, loop, { [name]: value && make('bpmn:FormalExpression', { body: value }, loop) });
  else if (ours(loop)) modeling.updateModdleProperties(element, ours(loop), { [name]: value });
  else {
    const holder = make('bpmn:ExtensionElements', { values: loop.get('extensionElements')?.get('values').slice() ?? [] }, loop);
    holder.get('values').push(make(OURS, { [name]: value }, holder));
    modeling.updateModdleProperties(element, loop, { extensionElements: holder });
  }
}
