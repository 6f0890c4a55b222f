// Entries of the panel that read and write one attribute of one extension element. `spec` says which; the components are
// functions at module level, so that a field keeps its focus while the drawing changes.
import {
  CheckboxEntry, Group, SelectEntry, TextAreaEntry, TextFieldEntry,
  isCheckboxEntryEdited, isSelectEntryEdited, isTextAreaEntryEdited, isTextFieldEntryEdited,
} from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { edit, extension } from '../extensions.js';
import { ConditionField } from './condition_rows.js';
import { Duration } from './duration.js';
import { FeelField } from './feel_field.js';
import { Named } from './named.js';

// without one of these an element says nothing, and the engine refuses it: it goes with the last of them
const NEEDED = { 'troika:Return': ['targets'], 'troika:Cc': ['users', 'groups'], 'troika:OnEmpty': ['do'], 'troika:Managers': ['groups'], 'troika:Print': ['template'], 'troika:Retention': ['after'] };

// words of the vocabulary that take keys of the catalogue
const NAMED = { 'troika:starters.groups': 'groups', 'troika:starters.departments': 'departments', 'troika:managers.groups': 'groups', 'troika:onEmpty.users': 'people', 'troika:assignment.positions': 'positions' };
// choices of the vocabulary that name one thing of the catalogue
const ONE_OF = {
  levels: ({ levels }) => levels,
  depts: ({ departments }) => departments.map(({ key, name }) => [key, name]),
  decisions: ({ decisions }) => decisions.map(({ id, name }) => [id, name]),
  fields: (_, { fields }) => fields,
  steps: (_, { steps }) => steps,
  range: ({ groups }, { translate }) => [['', translate('everybody')], ['dept', translate('the initiator’s department')], ...groups.map(({ key, name }) => [key, name])],
};

export function group(id, label, entries) {
  return { id, label, component: Group, entries: entries.filter(Boolean) };
}

// options: [[value, English label], …] or a function (catalogue) -> [{ value, label }, …] in the reader's language
export const select = (type, name, label, options) => entry(type, name, AttributeEntry, isSelectEntryEdited, { Component: SelectEntry, label, options });
export const text = (type, name, label, input) => entry(type, name, AttributeEntry, isTextFieldEntryEdited, { Component: TextFieldEntry, label, input });
export const area = (type, name, label, input) => entry(type, name, AttributeEntry, isTextAreaEntryEdited, { Component: TextAreaEntry, label, input });
export const check = (type, name, label) => entry(type, name, AttributeEntry, isCheckboxEntryEdited, { Component: CheckboxEntry, label, flag: true });
export const condition = (type, name, label, hint) => entry(type, name, FeelAttributeEntry, undefined, { label, hint, kind: 'condition' });
export const feel = (type, name, label, hint) => entry(type, name, FeelAttributeEntry, undefined, { label, hint });

// a moment that lies a duration ahead
export const ahead = (type, name, label, hint) => entry(type, name, AheadEntry, undefined, { label, hint });
// several people, groups or departments; `separator`: between their keys
export const named = (type, name, label, of, separator = ' ') => entry(type, name, NamedEntry, undefined, { label, of, separator });

// what the server's vocabulary says of one attribute, in the reader's language; nothing while another choice makes it meaningless
export function choice(element, { element: word, attribute, label, options, kind, hint, when, separator, written }) {
  const type = typeOf(word), stored = extension(element, type)?.get(attribute);
  if (when && stored === undefined && !applies(element, when)) return null;
  const said = { label, hint, said: true }, of = NAMED[`${word}.${attribute}`];
  if (of) return entry(type, attribute, NamedEntry, undefined, { ...said, of, separator });
  if (word === 'troika:title') return entry(type, attribute, FeelAttributeEntry, undefined, said);
  if (ONE_OF[kind]) return entry(type, attribute, AttributeEntry, isSelectEntryEdited, { Component: SelectEntry, ...said, options: (catalogue, translate, drawing) => listed(ONE_OF[kind](catalogue, { ...drawing, translate }), translate).map(one => (one.value === '' && written && stored === written ? { ...one, value: written } : one)) });
  if (kind === 'ticks' && options.length) return entry(type, attribute, TicksEntry, undefined, { ...said, options });
  if (options.length) {
    // the empty value is what is meant when nothing is said; `written` is the word for it
    const shown = options.map(([value, text]) => ({ value: value === '' && written && stored === written ? written : value, label: text }));
    return entry(type, attribute, AttributeEntry, isSelectEntryEdited, { Component: SelectEntry, ...said, options: () => shown });
  }
  return entry(type, attribute, AttributeEntry, isTextFieldEntryEdited, { Component: TextFieldEntry, ...said, list: kind !== 'text' && (separator.trim() ? 'Separated by commas' : 'Separated by spaces') });
}

function listed(known, translate) {
  return [...(known[0]?.[0] === '' ? [] : [['', translate('Choose…')]]), ...known].map(([value, label]) => ({ value, label }));
}

function applies(element, [name, values]) {
  const [word, attribute] = name.split('.'), said = extension(element, typeOf(`troika:${word}`))?.get(attribute) ?? '';
  return values.includes(String(said)) || (values.includes('*') && said !== '');
}

const typeOf = word => word.replace(/:(.)/, (_, first) => `:${first.toUpperCase()}`);

// the work calendar by which durations count
export const CALENDAR = entry('troika:Calendar', 'name', AttributeEntry, isSelectEntryEdited, {
  Component: SelectEntry, label: 'Work calendar', input: { description: 'Durations then count working time only' },
  options: ({ calendars }, translate) => [{ value: '', label: translate('None: every hour counts') }, ...calendars.map(({ key, name }) => ({ value: key, label: `${name} (${key})` }))],
});

function entry(type, name, component, isEdited, spec) {
  return { id: `tk-${type.replace(':', '-')}-${name}`, component, isEdited, spec: { type, name, ...spec } };
}

function AttributeEntry({ element, id, spec }) {
  const injector = useService('injector'), translate = useService('translate'), debounce = useService('debounceInput');
  const catalogue = useService('troikaCatalogue'), around = useService('troikaSteps');
  const { Component, type, name, label, options, flag, said, hint, list, input = {} } = spec;
  const { placeholder, validate, fixable, ...rest } = input, fixed = fixable && useService('troikaTemplates').fixes(element, fixable);
  const description = [input.description && translate(input.description), hint, list && translate(list), fixed && translate('Fixed by the step template')].filter(Boolean)
    .map((part, place, all) => (place < all.length - 1 ? part.replace(/[.。]$/, '') : part)).join(translate('; '));
  const stored = () => extension(element, type)?.get(name);
  return h(Component, {
    element, id, debounce, label: said ? label : translate(label), ...rest, disabled: Boolean(fixed),
    ...(placeholder && { placeholder: translate(placeholder) }), ...(description && { description }),
    ...(validate && { validate: value => { const problem = value && validate(value); return problem ? translate(problem) : null; } }),
    getValue: () => flag ? stored() === true || stored() === 'true' : String(stored() ?? ''),
    setValue: (value, error) => { if (!error) write(injector, element, type, { [name]: value === '' || value === false ? undefined : value }); },
    ...(options && { getOptions: () => withStored(choices(options, catalogue, translate, { fields: around.fields(), steps: around.all(element) }), stored()) }),
  });
}

// several of a few: words separated by spaces
function TicksEntry({ element, id, spec: { type, name, label, options } }) {
  const injector = useService('injector'), chosen = (extension(element, type)?.get(name) ?? '').split(/\s+/).filter(Boolean);
  const all = [...options, ...chosen.filter(word => !options.some(([value]) => value === word)).map(word => [word, `${word} ?`])];
  return h('div', { class: 'bio-properties-panel-entry', 'data-entry-id': id }, h('fieldset', { class: 'tk-ticks-entry' }, h('legend', { class: 'bio-properties-panel-label' }, label),
    all.map(([value, text]) => h('label', { key: value }, h('input', {
      type: 'checkbox', checked: chosen.includes(value),
      onChange: ({ target }) => write(injector, element, type, { [name]: all.map(([word]) => word).filter(word => word === value ? target.checked : chosen.includes(word)).join(' ') || undefined }),
    }), ' ', text))));
}

function FeelAttributeEntry({ element, id, spec: { type, name, label, hint, said, kind } }) {
  const injector = useService('injector'), translate = useService('translate'), words = useService('troikaVariables');
  return h(kind === 'condition' ? ConditionField : FeelField, {
    key: `${element.id}-${id}`, id, kind, label: said ? label : translate(label), hint: said ? hint : hint && translate(hint), value: extension(element, type)?.get(name),
    words, onChange: value => write(injector, element, type, { [name]: value }),
  });
}

const AHEAD = /^=\s*now\(\)\s*\+\s*duration\("([^"]*)"\)\s*$/;

function AheadEntry({ element, id, spec: { type, name, label, hint } }) {
  const injector = useService('injector'), translate = useService('translate');
  return h(Duration, {
    element, id, label: translate(label), hint: hint && translate(hint), value: extension(element, type)?.get(name),
    plain: text => AHEAD.exec(text)?.[1] ?? null, written: text => `= now() + duration("${text}")`, onChange: value => write(injector, element, type, { [name]: value }),
  });
}

function NamedEntry({ element, id, spec: { type, name, label, said, of, separator } }) {
  const injector = useService('injector'), translate = useService('translate'), words = useService('troikaVariables');
  const stored = extension(element, type)?.get(name) ?? '', change = value => write(injector, element, type, { [name]: value || undefined }), called = said ? label : translate(label);
  if (stored.startsWith('=')) return h(FeelField, { key: `${element.id}-${id}`, id, label: called, value: stored, words, onChange: change });
  return h(Named, { id, label: called, of, chosen: stored.split(of === 'positions' ? /\s*[,，]\s*/ : /[,，\s]+/).filter(Boolean), onChange: keys => change(keys.join(separator)) });
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

export function choices(options, catalogue, translate, drawing = {}) {
  return typeof options === 'function'
    ? options(catalogue, translate, drawing)
    : options.map(([value, label]) => ({ value, label: translate(label) }));
}

// what a file carries is shown even when the server does not know it (any more)
export function withStored(options, stored) {
  return stored === undefined || options.some(({ value }) => value === stored) ? options : [...options, { value: stored, label: `${stored} ?` }];
}
