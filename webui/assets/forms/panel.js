// What our forms say beyond those of form-js: names in English, what a picker chooses among, who uses a field.
import { h } from 'preact';
import { t } from '../shared/i18n.js';

const ENGLISH = 'troika:label.en';
const IN_ENGLISH = { label: 'Name in English', description: 'Description in English', text: 'Wording in English', content: 'Wording in English' };

export function panel({ tables, dictionaries, teams, used }) {
  class Panel {
    static $inject = ['propertiesPanel'];
    constructor(propertiesPanel) {
      propertiesPanel.registerProvider(this, 500);
    }

    getGroups(field, editField) {
      return groups => {
        if (!field || Array.isArray(field)) return groups;
        if (field.type === 'default') return groups.map(withoutId).filter(({ id }) => id !== 'custom-values');
        const shown = groups.map(group => (group.id === 'general' ? named(group, field, editField) : group));
        const own = [...english(field, editField), ...picker(field, editField, { tables, dictionaries, teams }), ...places(field, used)];
        return [...shown.slice(0, 1), ...own, ...shown.slice(1)];
      };
    }
  }
  return { __init__: ['tkPanel'], tkPanel: ['type', Panel] };
}

// a form is found by its id, which is that of its file
function withoutId(group) {
  return group.entries ? { ...group, entries: group.entries.filter(({ id }) => id !== 'id') } : group;
}

// what is said in English stands below the same in the main language; a moment has one name, whatever form-js makes of it
function named(group, field, editField) {
  const own = (name, long) => {
    const key = `troika:${name}.en`, { [key]: now = '', ...others } = field.properties ?? {};
    return line(`english-${name}`, t(IN_ENGLISH[name]), now, text => editField(field, ['properties'], tidy({ ...others, ...(text && { [key]: text }) })), long);
  };
  const entries = field.type !== 'datetime' ? group.entries : [
    line('label', t('Name'), field.label ?? '', text => editField(field, ['label'], text || undefined)),
    ...group.entries.filter(({ id }) => !['date-label', 'time-label'].includes(id)),
  ];
  const said = id => id === 'label' || (IN_ENGLISH[id] && (field[id] || field.properties?.[`troika:${id}.en`]));
  return { ...group, entries: entries.flatMap(entry => (said(entry.id) ? [entry, own(entry.id, ['text', 'content'].includes(entry.id))] : [entry])) };
}

// the choices, each in English
function english(field, editField) {
  const entries = (field.values ?? []).map((option, index) => line(`english-option-${index}`, t('“{name}” in English', { name: option.label ?? option.value }), option[ENGLISH] ?? '', text => {
    const { [ENGLISH]: _, ...plain } = option;
    editField(field, ['values'], field.values.map((one, place) => (place === index ? { ...plain, ...(text && { [ENGLISH]: text }) } : one)));
  }));
  return entries.length ? [{ id: 'english', label: t('English'), entries }] : [];
}

function picker(field, editField, { tables, dictionaries, teams }) {
  const answer = [several(field, editField), required(field, editField)];
  if (field.type === 'dictionary') {
    return [{ id: 'source', label: t('Chosen among'), entries: [
      choice('dictionary', t('Dictionary'), field.dictionary, dictionaries, value => editField(field, ['dictionary'], value || undefined)), ...answer] }];
  }
  if (field.type === 'person') {
    return [{ id: 'source', label: t('Chosen among'), entries: [{ id: 'picker-groups', component: Ticks, label: t('Only people of these groups'), options: teams, value: field.groups ?? [],
      change: keys => editField(field, ['groups'], keys.length ? keys : undefined) }, ...answer] }];
  }
  if (field.type === 'signature') return [{ id: 'source', label: t('Answer'), entries: [required(field, editField)] }];
  if (field.type === 'department') return [{ id: 'source', label: t('Answer'), entries: answer }];
  if (field.type !== 'record') return [];
  const columns = tables.find(({ name }) => name === field.table)?.columns ?? [];
  return [{ id: 'source', label: t('Chosen among'), entries: [
    choice('table', t('Table'), field.table, tables, value => editField(field, ['table'], value || undefined)),
    choice('value-column', t('What is stored'), field.valueColumn, [{ name: '', label: t('its id') }, ...columns], value => editField(field, ['valueColumn'], value || undefined)),
    ...only(field, columns, editField), ...answer] }];
}

// the records of which columns say what: one choice for each, and one more
function only(field, columns, editField) {
  const said = Object.entries(field.filter ?? {}), kindOf = name => columns.find(column => column.name === name) ?? {};
  const write = found => editField(field, ['filter'], found.length ? Object.fromEntries(found) : undefined);
  const first = name => { const { kind, options = [] } = kindOf(name); return kind === 'yes' ? true : options[0]?.name ?? ''; };
  const changed = (place, one) => said.map((other, at) => (at === place ? one : other)).filter(([name]) => name);
  return [...said, ['', '']].flatMap(([column, value], place) => {
    const { kind, options = [] } = kindOf(column), number = place + 1, title = column ? t('Condition {number}: is', { number }) : '';
    const put = text => write(changed(place, [column, kind === 'yes' ? text === 'true' : kind === 'number' && text !== '' && !Number.isNaN(Number(text)) ? Number(text) : text]));
    const chosen = kind === 'yes' ? [{ name: 'true', label: t('yes') }, { name: 'false', label: t('no') }] : options;
    return [
      choice(`filter-${place}`, t('Condition {number}: only records whose', { number }), column, [{ name: '', label: '–' }, ...columns.filter(({ name, kind: of }) => of && (name === column || !(name in (field.filter ?? {}))))], name => write(place < said.length ? changed(place, [name, first(name)]) : [...said, [name, first(name)]])),
      ...(!column ? [] : chosen.length ? [choice(`filter-value-${place}`, title, String(value), chosen, put)] : [line(`filter-value-${place}`, title, String(value), put)]),
    ];
  });
}

function several(field, editField) {
  return { id: 'picker-multiple', component: Switch, label: t('Several may be chosen'), value: field.multiple === true, change: on => editField(field, ['multiple'], on || undefined) };
}

function required(field, editField) {
  return { id: 'picker-required', component: Switch, label: t('Required'), value: field.validate?.required === true,
    change: on => editField(field, ['validate'], tidy({ ...field.validate, required: on || undefined })) };
}

function places(field, used) {
  const found = used().fields[field.path ?? field.key] ?? [];
  return field.key || field.path ? [{ id: 'used', label: t('Used in'), entries: [{ id: 'places', component: Places, found }] }] : [];
}

const tidy = found => {
  const kept = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
  return Object.keys(kept).length ? kept : undefined;
};
const line = (id, label, value, change, long = false) => ({ id, component: Line, label, value, change, long });
const choice = (id, label, value, options, change) => ({ id, component: Choice, label, value: value ?? '', options, change });

function Line({ id, label, value, change, long }) {
  return entry(id, 'textfield', label, h(long ? 'textarea' : 'input', { id: `tk-${id}`, class: 'bio-properties-panel-input', type: 'text', value, autocomplete: 'off', onChange: ({ target }) => change(target.value.trim()) }));
}

function Choice({ id, label, value, options, change }) {
  const all = options.some(({ name }) => name === value) ? options : [{ name: value, label: value || t('choose') }, ...options];
  return entry(id, 'select', label, h('select', { id: `tk-${id}`, class: 'bio-properties-panel-input', value, onChange: ({ target }) => change(target.value) },
    all.map(({ name, label: text }) => h('option', { key: name, value: name, selected: name === value }, name && name !== text ? `${text} (${name})` : text))));
}

function Switch({ id, label, value, change }) {
  return h('div', { class: 'bio-properties-panel-entry bio-properties-panel-checkbox-entry', 'data-entry-id': id }, h('div', { class: 'bio-properties-panel-checkbox' },
    h('input', { id: `tk-${id}`, class: 'bio-properties-panel-input', type: 'checkbox', checked: value, onChange: ({ target }) => change(target.checked) }),
    h('label', { for: `tk-${id}`, class: 'bio-properties-panel-label' }, label)));
}

function Ticks({ id, label, options, value, change }) {
  const all = [...options, ...value.filter(key => !options.some(({ name }) => name === key)).map(name => ({ name, label: `${name} ?` }))];
  return h('div', { class: 'bio-properties-panel-entry', 'data-entry-id': id }, h('fieldset', { class: 'tk-ticks' }, h('legend', { class: 'bio-properties-panel-label' }, label),
    all.map(({ name, label: text }) => h('label', { key: name }, h('input', { type: 'checkbox', checked: value.includes(name),
      onChange: ({ target }) => change(all.map(one => one.name).filter(key => (key === name ? target.checked : value.includes(key)))) }), ' ', text))));
}

function Places({ id, found }) {
  return h('div', { class: 'bio-properties-panel-entry tk-places', 'data-entry-id': id },
    found.length ? h('ul', null, found.map(text => h('li', { key: text }, text))) : t('No process names this field.'));
}

function entry(id, kind, label, field) {
  return h('div', { class: 'bio-properties-panel-entry', 'data-entry-id': id }, h('div', { class: `bio-properties-panel-${kind}` },
    h('label', { for: `tk-${id}`, class: 'bio-properties-panel-label' }, label), field));
}
