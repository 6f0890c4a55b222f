// People, groups and departments, chosen by name: each that is chosen with a button to take it away, and a list of the others.
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';

const CALLED = { people: ({ login, name }) => [login, `${name} (${login})`], groups: ({ key, name }) => [key, name], departments: ({ key, name }) => [key, name] };

// `of`: which list of the catalogue; `chosen`: keys. What nobody knows (any more) stays, with a question mark
export function Named({ id, label, of, chosen, onChange }) {
  const translate = useService('translate'), known = useService('troikaCatalogue')[of].map(CALLED[of]), names = new Map(known);
  const others = known.filter(([key]) => !chosen.includes(key));
  return h('div', { class: 'bio-properties-panel-entry tk-named', 'data-entry-id': id },
    h('label', { class: 'bio-properties-panel-label', for: `tk-named-${id}` }, label),
    chosen.length > 0 && h('ul', null, chosen.map(key => h('li', { key }, names.get(key) ?? `${key} ?`, ' ',
      h('button', { type: 'button', class: 'btn btn-sm', 'aria-label': translate('Remove {name}', { name: names.get(key) ?? key }), onClick: () => onChange(chosen.filter(one => one !== key)) }, '×')))),
    h('select', { id: `tk-named-${id}`, class: 'bio-properties-panel-input', value: '', onChange: ({ target }) => { if (target.value) onChange([...chosen, target.value]); target.value = ''; } },
      h('option', { value: '' }, translate('Add…')), others.map(([key, name]) => h('option', { key, value: key }, name))));
}
