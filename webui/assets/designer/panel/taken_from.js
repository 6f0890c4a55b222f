// What an expression would only name, chosen from a list: data of the process that fit, so that nobody needs to write their names.
import { h } from '@bpmn-io/properties-panel/preact';
import { useEffect, useState } from '@bpmn-io/properties-panel/preact/hooks';
import { useService } from 'bpmn-js-properties-panel';

const KINDS = { id: 'string' };
const ANY = 'Any';
// of the request itself, which no field names
const CALLED = { 'process.initiator.id': 'Requester', 'process.initiator.manager': 'Manager of the requester', 'process.initiator.department': 'Department of the requester', 'process.number': 'Number of the request' };

// `type`: of the input, as the catalogue says it; `value`: the stored text
export function TakenFrom({ element, id, label, type, value = '', onChange }) {
  const translate = useService('translate'), words = useService('troikaVariables'), eventBus = useService('eventBus');
  const [, again] = useState(0);
  useEffect(() => {
    const look = () => again(count => count + 1);
    eventBus.on('troika.names', look);
    return () => eventBus.off('troika.names', look);
  }, []);
  const offered = paths(words.all().filter(({ origin }) => origin !== element.id), type), stored = value.replace(/^=\s*/, '').trim();
  if (!offered.length) return null;
  return h('div', { class: 'bio-properties-panel-entry', 'data-entry-id': `${id}-from` },
    h('select', {
      class: 'bio-properties-panel-input', 'aria-label': translate('Data for {name}', { name: label }),
      value: offered.some(({ path }) => path === stored) ? stored : '', onChange: ({ target }) => target.value && onChange(`= ${target.value}`),
    }, h('option', { value: '' }, translate(stored ? 'As the expression says' : 'Choose data…')),
    offered.map(({ path, info = CALLED[path] && translate(CALLED[path]) }) => h('option', { key: path, value: path }, info ? `${info} (${path})` : path))));
}

function paths(names, type, before = '') {
  return names.flatMap(({ name, type: found, info, entries }) => [
    ...(fits(found, type) ? [{ path: before + name, info }] : []),
    ...(found === 'context' ? paths(entries, type, `${before}${name}.`) : []),
  ]).filter(({ path }) => !path.includes(' '));
}

function fits(found, type) {
  return found === ANY || found === (KINDS[type] ?? type) || (type.startsWith('list') && found.startsWith('list'));
}
