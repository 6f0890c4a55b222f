// 超时: what happens by itself when nobody has decided, one row per step.
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { edit, extension } from '../extensions.js';
import { UNITS, amountOf, isoOf } from './duration.js';
import { Named } from './named.js';

const TYPE = 'troika:Timeout', NAMES = ['after', 'do', 'repeat', 'to', 'calendar'];
// what an act needs to know, with what is meant when nothing is written
const NEEDED = { transfer: 'manager', return: 'previous' };

export function TimeLimits({ element }) {
  const injector = useService('injector'), translate = useService('translate'), { choices: { timeouts } } = useService('troikaCatalogue');
  const stored = extension(element, TYPE), steps = stored?.get('steps') ?? [];
  const rows = steps.map(step => Object.fromEntries(NAMES.map(name => [name, step.get(name)])));
  const write = changed => edit(injector, element, { [TYPE]: changed.length || stored?.get('calendar')
    ? (_, make) => ({ steps: changed.map(row => make('troika:Step', Object.fromEntries(Object.entries(row).filter(([, value]) => value)))) })
    : null });
  const change = (index, properties) => write(rows.map((row, at) => at === index ? { ...row, ...properties } : row));

  return h('div', { class: 'tk-limits' },
    rows.length > 0 && h('ol', null, rows.map((row, index) => h(Row, { key: index, element, row, number: index + 1, change: properties => change(index, properties), remove: () => write(rows.filter((_, at) => at !== index)), translate, timeouts }))),
    h('button', { type: 'button', class: 'btn btn-sm', onClick: () => write([...rows, { after: 'PT24H', do: 'remind' }]) }, translate('Add a step')));
}

function Row({ element, row, number, change, remove, translate, timeouts }) {
  const input = (name, label, placeholder) => h('label', null, label, ' ', h('input', {
    class: 'bio-properties-panel-input', type: 'text', 'aria-label': `${number}: ${label}`, placeholder, value: row[name] ?? '',
    onChange: ({ target }) => change({ [name]: target.value.trim() || undefined }),
  }));
  return h('li', null,
    h('div', null, h(After, { text: row.after, label: `${number}: ${translate('After')}`, change: after => change({ after }) }),
      h('select', {
        class: 'bio-properties-panel-input', 'aria-label': `${number}: ${translate('Then')}`, value: row.do,
        onChange: ({ target }) => change({ do: target.value, to: target.value === 'transfer' ? NEEDED.transfer : undefined }),
      }, timeouts.map(([value, name]) => h('option', { key: value, value, selected: value === row.do }, name))),
      h('button', { type: 'button', class: 'btn btn-sm', 'aria-label': `${number}: ${translate('Remove')}`, title: translate('Remove'), onClick: remove }, '×')),
    h('div', null, NEEDED[row.do] && h(To, { element, row, label: `${number}: ${translate('To')}`, change }), input('repeat', translate('Times'), '1')));
}

// the manager or somebody; the requester, the task before or a task of the drawing
function To({ element, row, label, change }) {
  const translate = useService('translate'), { people, morePeople } = useService('troikaCatalogue'), steps = useService('troikaSteps');
  const known = row.do === 'transfer'
    ? [['manager', translate('The manager')], ...people.map(({ login, name }) => [login, `${name} (${login})`])]
    : [['previous', translate('The task before')], ['initiator', translate('The requester')], ...steps.all(element)];
  const stored = row.to || NEEDED[row.do], names = new Map(known);
  if (row.do === 'transfer' && morePeople) {
    return h('div', { class: 'tk-limit-to' }, h(Named, { id: label, label: translate('To'), of: 'people', chosen: stored === 'manager' ? [] : [stored], one: true, onChange: ([login = 'manager']) => change({ to: login }) }));
  }
  return h('label', null, translate('To'), ' ', h('select', { class: 'bio-properties-panel-input', 'aria-label': label, value: stored, onChange: ({ target }) => change({ to: target.value }) },
    known.map(([value, name]) => h('option', { key: value, value, selected: value === stored }, name)),
    !names.has(stored) && h('option', { value: stored, selected: true }, `${stored} ?`)));
}

// an amount and a unit; what says more (an hour and a half) as it is written
function After({ text = '', label, change }) {
  const translate = useService('translate'), found = amountOf(text);
  const take = ({ target }) => { if (target.reportValidity()) change(target.type === 'number' ? isoOf(target.value, found.unit) : target.value.trim()); };
  const before = h('span', { 'aria-hidden': true }, translate('After'));
  if (!found) return [before, h('input', { class: 'bio-properties-panel-input', type: 'text', required: true, 'aria-label': label, value: text, onChange: take })];
  return [before,
    h('input', { class: 'bio-properties-panel-input', type: 'number', min: 1, max: 999999, required: true, 'aria-label': label, value: found.amount, onChange: take }),
    h('select', { class: 'bio-properties-panel-input', 'aria-label': `${label}: ${translate('Unit')}`, value: found.unit, onChange: ({ target }) => change(isoOf(found.amount, target.value)) },
      UNITS.map(([key, name]) => h('option', { key, value: key }, translate(name))))];
}
