// 字段权限: every field of the form that the task binds, with what this person may do; stored are only the choices made.
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { edit, extension } from '../extensions.js';

const TYPE = 'troika:Fields';
const NAMES = ['perm', 'required', 'addRows', 'removeRows', 'notify'];
const TOLD = ['write', 'read'];

export function FieldMatrix({ element }) {
  const injector = useService('injector'), translate = useService('translate'), catalogue = useService('troikaCatalogue');
  const stored = extension(element, TYPE)?.get('fields') ?? [];
  const form = catalogue.form(extension(element, 'zeebe:FormDefinition')?.get('formId'));
  const keys = new Map((form?.fields ?? []).map(({ key, label }) => [key, label || key]));
  for (const field of stored) if (!keys.has(field.get('id'))) keys.set(field.get('id'), `${field.get('id')} ?`);
  if (!keys.size) return h('div', { class: 'tk-matrix-empty' }, translate('Bind a form first: its fields are listed here.'));

  const change = (key, properties) => edit(injector, element, { [TYPE]: (found, make) => {
    const before = found.get('fields') ?? [];
    const old = before.find(field => field.get('id') === key);
    const next = { ...Object.fromEntries(NAMES.map(name => [name, old?.get(name)])), id: key, ...properties };
    const replaced = next.perm ? make('troika:Field', Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined))) : null;
    const kept = before.filter(field => field !== old);
    return { fields: replaced ? [...kept, replaced] : kept };
  } });

  return h('table', { class: 'tk-matrix' },
    h('thead', null, h('tr', null, ['Field', 'May', 'Required', 'Told'].map(name => h('th', { key: name, scope: 'col' }, translate(name))))),
    h('tbody', null, [...keys].map(([key, label]) => h(Row, {
      key, fieldKey: key, label, field: stored.find(field => field.get('id') === key), change, translate, permissions: catalogue.choices.permissions,
    }))));
}

function Row({ fieldKey, label, field, change, translate, permissions }) {
  const permission = field?.get('perm') ?? '';
  return h('tr', null,
    h('td', { title: fieldKey }, label),
    h('td', null, h('select', {
      class: 'bio-properties-panel-input', 'aria-label': `${label}: ${translate('May')}`, value: permission,
      onChange: ({ target }) => change(fieldKey, {
        perm: target.value || undefined, ...(target.value !== 'write' && { required: undefined }), ...(!TOLD.includes(target.value) && { notify: undefined }),
      }),
    }, permissions.map(([value, name]) => h('option', { key: value, value, selected: value === permission }, value ? name : translate('as above'))))),
    h('td', null, h('input', {
      type: 'checkbox', 'aria-label': `${label}: ${translate('Required')}`, checked: field?.get('required') === true, disabled: permission !== 'write',
      onChange: ({ target }) => change(fieldKey, { required: target.checked || undefined }),
    })),
    h('td', null, h('input', {
      type: 'checkbox', 'aria-label': `${label}: ${translate('Told')}`, title: translate('Its value goes to webhooks and robots'),
      checked: field?.get('notify') === true, disabled: !TOLD.includes(permission),
      onChange: ({ target }) => change(fieldKey, { notify: target.checked || undefined }),
    })));
}
