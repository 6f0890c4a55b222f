// The kinds of components as the engine knows them: their names in the reader's language, ours among them, and what is
// stored of a component only what somebody chose.
import { DATETIME_SUBTYPES_LABELS, Description, Label, OPTIONS_SOURCES_LABELS, TIME_SERIALISINGFORMAT_LABELS } from '@bpmn-io/form-js-viewer';
import { h } from 'preact';
import { t } from '../shared/i18n.js';
import { inReadersLanguage } from './shown.js';
import { named } from './texts.js';

// [name, what it is stored with, drawing of its icon, where the palette has it]
const OURS = {
  record: ['Record', {}, 'M12 14h30v26H12zM12 22h30M12 31h30M22 14v26'],
  person: ['Person', {}, 'M27 14a7 7 0 1 0 .01 0M14 42c0-8 6-12 13-12s13 4 13 12'],
  department: ['Department', {}, 'M21 12h12v9H21zM11 33h12v9H11zM31 33h12v9H31zM27 21v6M17 33v-6h20v6'],
  dictionary: ['Word of the dictionary', {}, 'M14 12h24a2 2 0 0 1 2 2v28H16a2 2 0 0 1-2-2zM20 20h14M20 27h14M20 34h8'],
  signature: ['Signature', {}, 'M10 42h34M13 36c6-16 10-24 13-22s-6 18-3 19 5-10 8-9 0 9 3 9 4-3 7-4', 'basic-input'],
};
const PRESETS = {
  money: ['Amount of money', { type: 'number', decimalDigits: 2, properties: { currency: 'CNY' }, validate: { min: 0.01, max: 9_999_999 } }, 'M17 13l10 15 10-15M27 28v15M18 29h18M18 36h18'],
  idcard: ['ID card number', { type: 'textfield', validate: { validationType: 'idcard' } }, 'M10 15h34v26H10zM19 23a3 3 0 1 0 .01 0M14 35c0-4 2-6 5-6s5 2 5 6M29 24h10M29 31h10'],
  uscc: ['Unified social credit code', { type: 'textfield', validate: { validationType: 'uscc' } }, 'M14 42V14h16v28M30 24h10v18M10 42h34M19 21h6M19 28h6M19 35h6M34 31h2M34 37h2'],
};
const PANEL = ['key', 'label', 'description', 'disabled', 'readonly'];

for (const labels of [DATETIME_SUBTYPES_LABELS, OPTIONS_SOURCES_LABELS, TIME_SERIALISINGFORMAT_LABELS]) {
  for (const [key, text] of Object.entries(labels)) labels[key] = named(text);
}

class Kinds {
  static $inject = ['formFields'];
  constructor(formFields) {
    for (const { config } of Object.values(formFields._formFields)) if (!config.troika) rename(config);
    formFields.register('datetime', moment(formFields.get('datetime')));
    for (const [type, [name, stored, path, group]] of Object.entries(OURS)) formFields.register(type, ours(type, t(name), stored, path, group));
    inReadersLanguage(formFields);
  }
}

export const kinds = { __init__: ['tkKinds'], tkKinds: ['type', Kinds] };

// what a file holds of kinds that are none here is shown by its name and stays as it is; the check says that it cannot be used
export function unknown(formFields, { type, components = [] }) {
  if (type && !formFields.get(type)) {
    formFields.register(type, strange(type));
    const sheet = new CSSStyleSheet();
    sheet.insertRule(`#palette [data-field-type="${CSS.escape(type)}"] { display: none; }`);
    document.adoptedStyleSheets.push(sheet);      // the palette offers every kind that is registered
  }
  for (const one of components) unknown(formFields, one);
}

function strange(type) {
  const Kind = () => h('div', { class: 'fjs-form-field tk-strange' }, t('Kind of component that is not known here: {type}', { type }));
  Kind.config = { type, name: type, group: 'presentation', icon: icon('M14 14h26v26H14z'), keyed: false, troika: true, propertiesPanelEntries: [], create: (options = {}) => ({ ...options }) };
  return Kind;
}

export const presets = () => Object.entries(PRESETS).map(([id, [name, stored, path]]) => ({ id, name: t(name), stored: { ...structuredClone(stored), label: t(name) }, path }));

export function icon(path) {
  return ({ class: className, width, height }) => h('svg', { class: className, width, height, viewBox: '0 0 54 54', fill: 'none', stroke: 'currentColor', 'stroke-width': 2, 'aria-hidden': 'true' }, h('path', { d: path }));
}

// What a file says of a component stays as it is: form-js would add its defaults at each import
function rename(config) {
  const { create } = config, name = config.name ?? config.label;
  config.troika = true;
  if (name) config.name = named(name);
  config.create = (options = {}, isNew) => {
    if (isNew === false) return { ...options };
    const made = create(options, isNew);
    if (options.label === undefined || options.label === name) made.label = typeof made.label === 'string' ? named(made.label) : made.label;
    return made;
  };
}

// The engine names a moment by its label like every other field; form-js has one for the day and one for the hour
function moment(Public) {
  const Moment = props => h(Public, { ...props, field: labelled(props.field) });
  const { create } = Public.config;
  Moment.config = { ...Public.config, create: (options = {}, isNew) => {
    const { dateLabel, timeLabel, ...made } = create(options, isNew);
    return isNew === false ? { ...options } : { ...made, label: options.label ?? named('Date time') };
  } };
  return Moment;
}

function labelled(field) {
  return { ...field, [field.subtype === 'time' ? 'timeLabel' : 'dateLabel']: field.label };
}

function ours(type, name, stored, path, group = 'selection') {
  const Kind = ({ field, domId }) => h('div', { class: 'fjs-form-field fjs-form-field-picker' },
    h(Label, { htmlFor: domId, label: field.label, required: field.validate?.required }),
    h('div', { class: 'fjs-input-group fjs-disabled' }, h('input', { id: domId, class: 'fjs-input', disabled: true, placeholder: name, autocomplete: 'off' })),
    h(Description, { id: `${domId}-description`, description: field.description }));
  Kind.config = {
    type, keyed: true, name, label: name, group, emptyValue: null, icon: icon(path), propertiesPanelEntries: PANEL, troika: true,
    sanitizeValue: ({ value }) => value ?? null, create: (options = {}) => ({ ...stored, ...options }),
  };
  return Kind;
}
