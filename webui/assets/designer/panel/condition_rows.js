// A condition as rows of field, comparison and value: all rows of a group must apply, and one group of several. What says more
// than rows can, and what somebody wants to write himself, is text.
import { h } from '@bpmn-io/properties-panel/preact';
import { useEffect, useLayoutEffect, useRef, useState } from '@bpmn-io/properties-panel/preact/hooks';
import { useService } from 'bpmn-js-properties-panel';
import { COMMA, membership, SEVERAL, WITHOUT_VALUE } from '../../shared/comparisons.js';
import { FeelField } from './feel_field.js';

const GROUPS = [['form', 'Form'], ['data', 'Other data'], ['requester', 'Requester'], ['approval', 'Approvals']];
const TYPED_MS = 300, BETWEEN_NUMBERS = /[，、]|(?<!\d),|,(?!\d{3}(?!\d))/;
const PERHAPS_ONE = /\d,\d{3}(?!\d)/, SURELY_SEVERAL = /,\s|[，、]/;
const PLACEHOLDER = { number: '5000', string: '', date: '', 'date and time': '', list: '' };

// `value`, `onChange`, `words`, `hint` as of a FEEL field
export function ConditionField(props) {
  const { id, label, value = '', onChange, required } = props;
  const conditions = useService('troikaConditions'), translate = useService('translate'), eventBus = useService('eventBus');
  const [, setFields] = useState(conditions.fields());
  const [groups, setGroups] = useState(undefined), [problems, setProblems] = useState([]), [asText, setAsText] = useState(false), [failed, setFailed] = useState('');
  const written = useRef(null), asked = useRef(0), current = useRef();
  current.current = { value, onChange };

  useLayoutEffect(() => {      // before the next key, whose answer it would drop
    if (value === written.current) return undefined;      // our own edit: rows that are not complete stay
    written.current = null;      // what is undone may come back
    asked.current += 1;
    let away = false;
    setProblems([]);
    conditions.rows(value).then(rows => { if (!away) { setGroups(rows); setFailed(''); if (!rows) setAsText(true); } }, error => { if (!away) { setGroups(null); setAsText(true); setFailed(error.message); } });
    return () => { away = true; };
  }, [value]);

  useEffect(() => {                                // a check may find other names
    const again = () => setFields(conditions.fields());
    eventBus.on('troika.names', again);
    return () => eventBus.off('troika.names', again);
  }, []);

  // values are typed with commas between them: one that has a comma itself would fall apart
  const torn = groups?.some(rows => rows.some(row => SEVERAL.includes(row.operator) && row.type !== 'number' && row.values.some(text => COMMA.test(text)) && !optionsOf(conditions, row).length));
  useEffect(() => { if (torn) setAsText(true); }, [torn]);

  const write = next => {
    setGroups(next);
    const mine = ++asked.current;
    if (next.some(rows => rows.some(unclear))) {
      setProblems([]);
      return undefined;
    }
    const whole = next.map(rows => rows.filter(complete)).filter(rows => rows.length);
    return conditions.text(whole, answer => {
      if (mine !== asked.current) return;
      setFailed('');
      setProblems(answer.problems);
      if (answer.problems.length || (answer.text || '') === current.current.value) return;
      written.current = answer.text || '';
      current.current.onChange(answer.text || undefined);
    }).catch(error => setFailed(error.message));
  };

  const incomplete = groups?.some(rows => rows.some(row => !complete(row)));
  if (groups === undefined) return h('div', { class: 'bio-properties-panel-entry', 'data-entry-id': id }, h('span', { class: 'bio-properties-panel-label' }, label));
  if (groups === null || torn || asText) {
    return h('div', null,
      h(FeelField, { ...props, key: `${id}-text` }),
      h('p', { class: 'tk-rows-note' }, failed || (groups === null || torn
        ? translate('Advanced expression: it says more than rows can.')
        : h('button', { type: 'button', class: 'btn btn-sm', 'data-as-rows': '', onClick: () => setAsText(false) }, translate('Show as rows')))));
  }
  return h('div', { class: 'bio-properties-panel-entry tk-rows', 'data-entry-id': id },
    h('span', { class: 'bio-properties-panel-label', id: `${id}-label` }, label, required && h('span', { class: 'tk-required', 'aria-hidden': true }, ' *')),
    groups.map((rows, at) => h('fieldset', { key: at, class: 'tk-rows-group' },
      h('legend', null, translate(at ? 'or all of this applies' : 'all of this applies')),
      rows.map((row, place) => h(Row, {
        key: place, row, rows, name: groups.length > 1 ? `${at + 1}.${place + 1}` : String(place + 1), fields: conditions.fields(),
        problem: unclear(row) ? translate('One number or several? Write {one} without commas for one, and a space after each comma between several.', { one: row.values[0] }) : problems.find(([group, line]) => matches(groups, group, line, at, place))?.[2],
        change: changed => write(replaced(groups, at, rows.map((other, line) => (line === place ? changed : other)))),
        add: another => write(replaced(groups, at, [...rows, another])),
        remove: () => write(replaced(groups, at, rows.filter((_, line) => line !== place))),
      })),
      h('button', { type: 'button', class: 'btn btn-sm', 'data-add-row': '', onClick: () => setGroups(replaced(groups, at, [...rows, blank()])) }, translate('Add a row')))),
    h('div', { class: 'tk-rows-acts' },
      h('button', { type: 'button', class: 'btn btn-sm', 'data-add-group': '', onClick: () => setGroups([...groups, [blank()]]) }, translate(groups.length ? 'Or …' : 'Add a condition')),
      h('button', { type: 'button', class: 'btn btn-sm btn-ghost-secondary', 'data-as-text': '', onClick: () => setAsText(true) }, translate('Write as an expression'))),
    h('p', { class: 'tk-rows-note', role: 'status' }, failed || (incomplete && translate('A row without a field or value counts only once it is complete.'))));
}

function Row({ row, rows, name, fields, problem, change, remove, add }) {
  const translate = useService('translate'), { choices: { comparisons } } = useService('troikaCatalogue');
  const field = fields.find(({ key }) => key === row.field);
  const type = (field?.type === 'person' && field.type) || row.type || field?.type || '', offered = comparisons[type] ?? comparisons[''];
  const operators = offered.some(([code]) => code === row.operator) ? offered : [...offered, [row.operator, row.operator]];
  const choose = key => {
    const chosen = fields.find(found => found.key === key), kind = chosen?.type ?? '', codes = (comparisons[kind] ?? comparisons['']).map(([code]) => code);
    change({ field: key, type: kind, operator: codes.includes(row.operator) ? row.operator : codes[0], values: kind === type && !field?.options.length && !chosen?.options.length ? row.values : [''] });
  };
  const conditions = useService('troikaConditions'), [currency, stated] = field?.money ?? [], other = stated && fields.find(({ key }) => key === stated);
  const kept = operator => {
    if (WITHOUT_VALUE.includes(operator) || membership(operator) !== membership(row.operator)) return [''];
    if (operator === 'between') return row.values;
    if (!SEVERAL.includes(operator)) return row.values.slice(0, 1);
    return type === 'number' || field?.options.length || !row.values.some(text => COMMA.test(text)) ? row.values : separate(row.values.join(','));
  };
  const compare = operator => change({ ...row, type, operator, values: kept(operator) });
  const value = values => change({ ...row, type, values });
  return h('div', { class: membership(row.operator) ? 'tk-rows-row tk-rows-wide' : 'tk-rows-row' },
    h('select', { class: 'bio-properties-panel-input', 'aria-label': `${name}: ${translate('Field')}`, value: row.field, onChange: ({ target }) => choose(target.value) },
      h('option', { value: '', selected: !row.field }, translate('Choose a field')),
      row.field && !field && h('option', { value: row.field, selected: true }, row.field),
      GROUPS.map(([group, title]) => [title, fields.filter(found => found.group === group)]).filter(([, found]) => found.length).map(([title, found]) => h('optgroup', { key: title, label: translate(title) },
        found.map(({ key, label }) => h('option', { key, value: key, selected: key === row.field }, label))))),
    h('select', { class: 'bio-properties-panel-input', 'aria-label': `${name}: ${translate('Comparison')}`, value: row.operator, onChange: ({ target }) => compare(target.value) },
      operators.map(([code, words]) => h('option', { key: code, value: code, selected: code === row.operator }, words))),
    !WITHOUT_VALUE.includes(row.operator) && h(Values, { row, type, options: conditions.memberships(row.operator) ?? field?.options ?? [], name, value }),
    h('button', { type: 'button', class: 'btn btn-sm', 'aria-label': `${name}: ${translate('Remove')}`, title: translate('Remove'), onClick: remove }, '×'),
    currency && !WITHOUT_VALUE.includes(row.operator) && h('p', { class: 'tk-rows-note tk-rows-unit' }, translate('in {currency}', { currency })),
    other && !rows.some(one => one.field === stated) && h('p', { class: 'tk-rows-note tk-rows-unit' }, translate('“{field}” says the currency.', { field: other.label }), ' ',
      h('button', { type: 'button', class: 'btn btn-sm', 'data-add-currency': '', onClick: () => add({ field: stated, operator: '=', values: [''], type: other.type }) }, translate('Ask for it too'))),
    problem && h('p', { class: 'tk-judgement-error', role: 'alert' }, problem));
}

function Values({ row, type, options, name, value }) {
  const translate = useService('translate');
  if (SEVERAL.includes(row.operator) && options.length) {
    return h('fieldset', { class: 'tk-rows-several' }, h('legend', { class: 'visually-hidden' }, `${name}: ${translate('Values')}`), known(options, row.values).map(([code, words]) => h('label', { key: code },
      h('input', { type: 'checkbox', checked: row.values.includes(code), onChange: ({ target }) => value(options.map(([other]) => other).filter(other => (other === code ? target.checked : row.values.includes(other))).concat(row.values.filter(other => other && other !== code && !options.some(([own]) => own === other)))) }), ' ', words)));
  }
  if (SEVERAL.includes(row.operator)) {
    return h(Typed, { label: `${name}: ${translate('Values')}`, title: translate('Separated by commas'), value: row.values.filter(Boolean).join(', '), write: text => value(separate(text, type)) });
  }
  if (row.operator === 'between') {
    return [0, 1].map(end => h(Typed, { key: end, type, label: `${name}: ${translate(end ? 'To' : 'From')}`, value: row.values[end] ?? '', write: text => value(end ? [row.values[0], text] : [text, row.values[1] ?? '']) }));
  }
  const chosen = type === 'boolean' ? [['true', translate('yes')], ['false', translate('no')]] : ['=', '!=', 'contains', 'not-contains'].includes(row.operator) || membership(row.operator) ? options : [];
  if (chosen.length) {
    return h('select', { class: 'bio-properties-panel-input', 'aria-label': `${name}: ${translate('Value')}`, value: row.values[0], onChange: ({ target }) => value([target.value]) },
      h('option', { value: '', selected: !row.values[0] }, translate('Choose…')), known(chosen, row.values).map(([code, words]) => h('option', { key: code, value: code, selected: code === row.values[0] }, words)));
  }
  return h(Typed, { type: row.operator === 'last-days' ? 'number' : type, label: `${name}: ${translate('Value')}`, value: row.values[0] ?? '', write: text => value([text]) });
}

// written a moment after the last key, and at once when the field is left
function Typed({ type, label, title, value, write }) {
  const [text, setText] = useState(value), timer = useRef(), latest = useRef();
  latest.current = { value, write };
  useLayoutEffect(() => setText(value), [value]);      // later it would overwrite what is typed at once
  const put = typed => { clearTimeout(timer.current); if (typed !== latest.current.value) latest.current.write(typed); };
  const dated = type === 'date' || type === 'date and time';
  return h('input', {
    class: 'bio-properties-panel-input', type: dated ? 'date' : 'text', inputMode: type === 'number' ? 'decimal' : undefined, 'aria-label': label, title, autocomplete: 'off',
    placeholder: PLACEHOLDER[type] || title, value: text,
    onInput: ({ target, isComposing }) => { setText(target.value); clearTimeout(timer.current); if (!isComposing) timer.current = setTimeout(() => put(target.value), TYPED_MS); },
    onBlur: ({ target }) => put(target.value),
  });
}

// 1,000 is one number here too, as in a field for a single one, where something else parts the numbers: 100,200 alone may be two
function separate(text, type) {
  if (type === 'number' && PERHAPS_ONE.test(text) && !SURELY_SEVERAL.test(text)) return [text.trim()];
  return text.split(type === 'number' ? BETWEEN_NUMBERS : COMMA).map(part => part.trim()).filter(Boolean);
}

function unclear({ operator, type, values }) {
  return SEVERAL.includes(operator) && type === 'number' && values.length === 1 && PERHAPS_ONE.test(values[0]);
}

function optionsOf(conditions, row) {
  return conditions.fields().find(({ key }) => key === row.field)?.options ?? [];
}

function complete({ field, operator, values }) {
  if (!field) return false;
  return WITHOUT_VALUE.includes(operator) || (operator === 'between' ? values.length === 2 && values.every(Boolean) : values.some(Boolean));
}

function blank() {
  return { field: '', operator: '=', values: [''], type: '' };
}

function replaced(groups, at, rows) {
  return groups.map((group, place) => (place === at ? rows : group)).filter(group => group.length);
}

// the server counts only rows that are complete
function matches(groups, group, line, at, place) {
  const whole = groups.map((rows, index) => rows.map((row, number) => [index, number, row]).filter(([,, row]) => complete(row))).filter(rows => rows.length);
  const [index, number] = whole[group]?.[line] ?? [];
  return index === at && number === place;
}

function known(options, values) {
  return [...options, ...values.filter(value => value && !options.some(([code]) => code === value)).map(value => [value, `${value} ?`])];
}
