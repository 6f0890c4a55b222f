// Entries of the panel that read and write one attribute of one extension element. `spec` says which; the components are
// functions at module level, so that a field keeps its focus while the drawing changes.
import {
  CheckboxEntry, Group, SelectEntry, TextAreaEntry, TextFieldEntry,
  isCheckboxEntryEdited, isSelectEntryEdited, isTextAreaEntryEdited, isTextFieldEntryEdited,
} from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { edit, extension } from '../extensions.js';
import { FeelField } from './feel_field.js';

// without one of these an element says nothing, and the engine refuses it: it goes with the last of them
const NEEDED = { 'troika:Return': ['targets'], 'troika:Cc': ['users', 'groups'], 'troika:OnEmpty': ['do'] };

// who agreed before need not agree again
export const DEDUPE = [['', 'Default'], ['none', 'Is asked again'], ['first', 'Is asked the first time only'], ['last', 'Is asked the last time only'], ['adjacent', 'Is not asked twice in a row']];

export function group(id, label, entries) {
  return { id, label, component: Group, entries: entries.filter(Boolean) };
}

// options: [[value, English label], …] or a function (catalogue) -> the same
export const select = (type, name, label, options) => entry(type, name, AttributeEntry, isSelectEntryEdited, { Component: SelectEntry, label, options });
export const text = (type, name, label, input) => entry(type, name, AttributeEntry, isTextFieldEntryEdited, { Component: TextFieldEntry, label, input });
export const area = (type, name, label, input) => entry(type, name, AttributeEntry, isTextAreaEntryEdited, { Component: TextAreaEntry, label, input });
export const check = (type, name, label) => entry(type, name, AttributeEntry, isCheckboxEntryEdited, { Component: CheckboxEntry, label, flag: true });
export const feel = (type, name, label, hint) => entry(type, name, FeelAttributeEntry, undefined, { label, hint });

// the work calendar by which durations count
export const CALENDAR = text('troika:Calendar', 'name', 'Work calendar', { placeholder: 'For example cn', description: 'Durations then count working time only' });

function entry(type, name, component, isEdited, spec) {
  return { id: `tk-${type.replace(':', '-')}-${name}`, component, isEdited, spec: { type, name, ...spec } };
}

function AttributeEntry({ element, id, spec }) {
  const injector = useService('injector'), translate = useService('translate'), debounce = useService('debounceInput');
  const catalogue = useService('troikaCatalogue');
  const { Component, type, name, label, options, flag, input = {} } = spec;
  const { placeholder, description, validate, ...rest } = input;
  const stored = () => extension(element, type)?.get(name);
  return h(Component, {
    element, id, debounce, label: translate(label), ...rest,
    ...(placeholder && { placeholder: translate(placeholder) }), ...(description && { description: translate(description) }),
    ...(validate && { validate: value => { const problem = value && validate(value); return problem ? translate(problem) : null; } }),
    getValue: () => flag ? stored() === true || stored() === 'true' : stored() ?? '',
    setValue: (value, error) => { if (!error) write(injector, element, type, { [name]: value === '' || value === false ? undefined : value }); },
    ...(options && { getOptions: () => withStored(choices(options, catalogue, translate), stored()) }),
  });
}

function FeelAttributeEntry({ element, id, spec: { type, name, label, hint } }) {
  const injector = useService('injector'), translate = useService('translate'), words = useService('troikaVariables');
  return h(FeelField, {
    key: `${element.id}-${id}`, id, label: translate(label), hint: hint && translate(hint), value: extension(element, type)?.get(name),
    words, onChange: value => write(injector, element, type, { [name]: value }),
  });
}

// an element that has lost its last attribute goes: the engine refuses an empty one
function write(injector, element, type, properties) {
  const found = extension(element, type);
  const left = { ...(found && Object.fromEntries(attributes(found).map(name => [name, found.get(name)]))), ...properties };
  const children = found?.$descriptor.properties.some(({ isMany, name }) => isMany && found.get(name).length);
  const needed = NEEDED[type] ? NEEDED[type].map(name => left[name]) : Object.values(left);
  const empty = !children && needed.every(value => value === undefined || value === '');
  if (empty && !found) return;
  edit(injector, element, { [type]: empty ? null : properties });
}

function attributes(found) {
  return found.$descriptor.properties.filter(({ isMany }) => !isMany).map(({ name }) => name).filter(name => found.get(name) !== undefined);
}

export function choices(options, catalogue, translate) {
  return typeof options === 'function'
    ? options(catalogue, translate)
    : options.map(([value, label]) => ({ value, label: translate(label) }));
}

// what a file carries is shown even when the server does not know it (any more)
export function withStored(options, stored) {
  return stored === undefined || options.some(({ value }) => value === stored) ? options : [...options, { value: stored, label: `${stored} ?` }];
}
