// An automatic step: an operation of the catalogue, a row per typed input, a row per result.
import { SelectEntry, TextFieldEntry, isSelectEntryEdited } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { edit, extension } from '../extensions.js';
import { feel, group, select, text, withStored } from './entries.js';
import { FeelField } from './feel_field.js';
import { TakenFrom } from './taken_from.js';

const DEFINITION = 'zeebe:TaskDefinition', MAPPING = 'zeebe:IoMapping', POLICY = 'troika:Policy';

export function serviceTaskGroups(element, translate, catalogue) {
  const operation = catalogue.operation(extension(element, DEFINITION)?.get('type'));
  const mapping = extension(element, MAPPING);
  const names = operation ? operation.parameters.map(({ name }) => name) : [];
  const strangers = (mapping?.get('inputParameters') ?? []).map(input => input.get('target')).filter(name => !names.includes(name));
  return [
    group('tk-operation', translate('Operation'), [
      { id: 'tk-operation-type', component: OperationEntry, isEdited: isSelectEntryEdited },
      operation?.doc && { id: 'tk-operation-doc', component: OperationDoc },
      text(DEFINITION, 'retries', 'Attempts', { placeholder: '3', fixable: 'retries', validate: value => /^(=.*|\d{1,3})$/.test(value) ? null : 'A whole number' }),
    ]),
    ...(operation || strangers.length ? [group('tk-inputs', translate('What the operation is given'), [
      ...(operation?.parameters ?? []).map(parameter => ({ id: `tk-input-${parameter.name}`, component: InputEntry, parameter, title: operation.titles[parameter.name] })),
      ...strangers.map(name => ({ id: `tk-input-${name}`, component: InputEntry, parameter: { name, type: '?', required: false, stranger: true }, title: name })),
    ])] : []),
    ...(operation && Object.keys(operation.outputs).length ? [group('tk-outputs', translate('What comes back'),
      Object.entries(operation.outputs).map(([name, type]) => ({ id: `tk-output-${name}`, component: OutputEntry, output: { name, type }, title: operation.titles[name] })))] : []),
    ...control(element, translate, operation),
  ];
}

// what runs only after an approval may take it from another process, where the policy allows that
function control(element, translate, operation) {
  const policy = extension(element, POLICY);
  if (!operation?.guarded_by && !policy) return [];
  return [group('tk-control', translate('Control'), [
    select(POLICY, 'assumes', 'Approved in another process', ({ capabilities }, translate_) => withStored(
      [{ value: '', label: translate_('No: approved in this one') }, ...capabilities.map(({ id, name }) => ({ value: id, label: name }))], policy?.get('assumes'))),
    policy && feel(POLICY, 'subject', 'Document', 'Expression that gives its id'),
  ])];
}

function OperationEntry({ element, id }) {
  const injector = useService('injector'), translate = useService('translate'), { operations } = useService('troikaCatalogue');
  const stored = extension(element, DEFINITION)?.get('type');
  const modules = [...new Set(operations.map(({ module }) => module))];
  const options = [{ value: '', label: translate('Choose…') }, ...modules.map(module => ({
    label: module.toUpperCase(), children: operations.filter(operation => operation.module === module).map(({ name, label }) => ({ value: name, label: `${label} (${name})` })),
  }))];
  const disabled = useService('troikaTemplates').fixes(element, 'type');
  const known = !stored || operations.some(({ name }) => name === stored);
  return h(SelectEntry, {
    element, id, label: translate('Operation'), getValue: () => stored ?? '',
    setValue: type => edit(injector, element, { [DEFINITION]: type ? { type } : null }),
    getOptions: () => known ? options : withStored(options, stored), disabled,
  });
}

function OperationDoc({ element }) {
  const translate = useService('translate'), catalogue = useService('troikaCatalogue');
  const { doc, errors, guard, external } = catalogue.operation(extension(element, DEFINITION).get('type'));
  return h('div', { class: 'bio-properties-panel-entry tk-doc' }, h('p', null, doc),
    errors.length > 0 && h('p', null, translate('Errors that a boundary event may catch: '), errors.join(', ')),
    guard && h('p', null, translate('Guarded: runs only after an approval that permits it.'), ` (${guard})`),
    external && h('p', null, translate('Talks to another system: always done as a job.')));
}

function InputEntry({ element, id, title, parameter: { name, type, required, stranger, choices } }) {
  const injector = useService('injector'), translate = useService('translate'), words = useService('troikaVariables');
  const mapped = (extension(element, MAPPING)?.get('inputParameters') ?? []).find(input => input.get('target') === name);
  if (useService('troikaTemplates').fixes(element, 'input', name)) return h(Fixed, { id, label: title, value: mapped?.get('source') });
  const value = mapped?.get('source'), said = [`${name} : ${type}`, choices?.map(choice => `"${choice}"`).join(' | ')];
  const onChange = source => edit(injector, element, { [MAPPING]: mapping(name, source, 'inputParameters', 'zeebe:Input') });
  return h('div', null, h(FeelField, {
    key: `${element.id}-${id}`, id, label: title, required, value, words, onChange,
    hint: stranger ? translate('The operation knows no input of this name. Empty the field to remove it.') : said.filter(Boolean).join(' · '),
  }), !stranger && h(TakenFrom, { element, id, label: title, type, value, onChange }));
}

function OutputEntry({ element, id, title, output: { name, type } }) {
  const injector = useService('injector'), translate = useService('translate'), debounce = useService('debounceInput');
  const mapped = (extension(element, MAPPING)?.get('outputParameters') ?? []).find(output => squeezed(output.get('source')) === `=${name}`);
  const disabled = useService('troikaTemplates').fixes(element, 'output', name);
  return h(TextFieldEntry, {
    element, id, debounce, disabled, label: title, placeholder: name, description: `${name} : ${type}${mapped ? '' : ` · ${translate('Variable that receives it')}`}`,
    getValue: () => mapped?.get('target') ?? '',
    setValue: target => edit(injector, element, { [MAPPING]: (found, make) => {
      const rest = (found.get('outputParameters') ?? []).filter(output => output !== mapped);
      return { outputParameters: target ? [...rest, make('zeebe:Output', { source: `= ${name}`, target })] : rest };
    } }),
  });
}

// what the template of the step says, and nobody else
function Fixed({ id, label, value = '' }) {
  const translate = useService('translate');
  return h('div', { class: 'bio-properties-panel-entry', 'data-entry-id': id }, h('span', { class: 'bio-properties-panel-label' }, label),
    h('code', { class: 'd-block text-break' }, value.replace(/^=\s*/, '') || '–'), h('div', { class: 'bio-properties-panel-description' }, translate('Fixed by the step template')));
}

const mapping = (target, source, list, type) => (found, make) => {
  const rows = found.get(list) ?? [], old = rows.find(row => row.get('target') === target);
  const row = source && make(type, { source, target });
  return { [list]: old ? rows.flatMap(other => other === old ? row || [] : other) : [...rows, row] };
};

function squeezed(text = '') {
  return text.replace(/\s+/g, '');
}
