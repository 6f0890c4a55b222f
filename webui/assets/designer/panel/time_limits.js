// 超时: what happens by itself when nobody has decided, one row per step.
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { edit, extension } from '../extensions.js';

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
    rows.length > 0 && h('table', { class: 'tk-matrix' },
      h('thead', null, h('tr', null, ['After', 'Then', 'Times', 'To', ''].map(name => h('th', { key: name, scope: 'col' }, name && translate(name))))),
      h('tbody', null, rows.map((row, index) => h(Row, { key: index, row, number: index + 1, change: properties => change(index, properties), remove: () => write(rows.filter((_, at) => at !== index)), translate, timeouts })))),
    h('button', { type: 'button', class: 'btn btn-sm', onClick: () => write([...rows, { after: 'PT24H', do: 'remind' }]) }, translate('Add a step')));
}

function Row({ row, number, change, remove, translate, timeouts }) {
  const input = (name, label, placeholder) => h('input', {
    class: 'bio-properties-panel-input', type: 'text', 'aria-label': `${number}: ${label}`, placeholder, value: row[name] ?? '',
    onChange: ({ target }) => change({ [name]: target.value.trim() || undefined }),
  });
  return h('tr', null,
    h('td', null, input('after', translate('After'), 'PT24H')),
    h('td', null, h('select', {
      class: 'bio-properties-panel-input', 'aria-label': `${number}: ${translate('Then')}`, value: row.do,
      onChange: ({ target }) => change({ do: target.value, to: target.value === 'transfer' ? NEEDED.transfer : undefined }),
    }, timeouts.map(([value, name]) => h('option', { key: value, value, selected: value === row.do }, name)))),
    h('td', null, input('repeat', translate('Times'), '1')),
    h('td', null, NEEDED[row.do] && input('to', translate('To'), NEEDED[row.do])),
    h('td', null, h('button', { type: 'button', class: 'btn btn-sm', 'aria-label': `${number}: ${translate('Remove')}`, title: translate('Remove'), onClick: remove }, '×')));
}
