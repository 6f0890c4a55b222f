// People, groups, departments and positions, chosen by name: each that is chosen with a button to take it away, and a list of the others.
import { h } from '@bpmn-io/properties-panel/preact';
import { useState } from '@bpmn-io/properties-panel/preact/hooks';
import { useService } from 'bpmn-js-properties-panel';

const MANY = 100;      // more are looked for by typing

// `of`: which list of the catalogue; `chosen`: keys; `one`: a further one takes the place of the first. What nobody knows (any more)
// stays, with a question mark; of so many people that the catalogue does not list all of them a login is taken as it is typed
export function Named({ id, label, of, chosen, onChange, one = false }) {
  const translate = useService('translate'), catalogue = useService('troikaCatalogue'), open = of === 'people' && catalogue.morePeople;
  const known = catalogue[of].map(({ key, login, name }) => (login ? [login, `${name} (${login})`] : [key, name])), names = new Map(known);
  const others = known.filter(([key]) => !chosen.includes(key)), called = key => names.get(key) ?? (open ? key : `${key} ?`);
  const add = key => onChange(one ? [key] : [...chosen, key]), Chooser = open || known.length > MANY ? Typed : Listed;
  return h('div', { class: 'bio-properties-panel-entry tk-named', 'data-entry-id': id },
    h('label', { class: 'bio-properties-panel-label', for: `tk-named-${id}` }, label),
    chosen.length > 0 && h('ul', null, chosen.map(key => h('li', { key }, called(key), ' ',
      h('button', { type: 'button', class: 'btn btn-sm', 'aria-label': translate('Remove {name}', { name: names.get(key) ?? key }), onClick: () => onChange(chosen.filter(other => other !== key)) }, '×')))),
    h(Chooser, { id: `tk-named-${id}`, others, add, open }));
}

function Listed({ id, others, add }) {
  const translate = useService('translate');
  return h('select', { id, class: 'bio-properties-panel-input', value: '', onChange: ({ target }) => { if (target.value) add(target.value); target.value = ''; } },
    h('option', { value: '' }, translate('Add…')), others.map(([key, name]) => h('option', { key, value: key }, name)));
}

function Typed({ id, others, add, open }) {
  const translate = useService('translate'), [unknown, say] = useState(false);
  const take = ({ target }) => {
    const typed = target.value.trim(), found = others.find(([key, name]) => key === typed || name === typed)?.[0] ?? (open && /^[^\s,，]+$/.test(typed) ? typed : null);
    say(Boolean(typed) && !found);
    if (!found) return;
    target.value = '';
    add(found);
  };
  return h('div', null,
    h('input', { id, class: 'bio-properties-panel-input', type: 'text', list: `${id}-known`, placeholder: translate(open ? 'Name or login' : 'Name'), autocomplete: 'off', 'aria-invalid': unknown, onChange: take }),
    h('datalist', { id: `${id}-known` }, others.map(([key, name]) => h('option', { key, value: name }))),
    unknown && h('div', { class: 'bio-properties-panel-error', role: 'alert' }, translate('Nothing of this name is known. Choose one of the list.')));
}
