// The conditions of the flows of one gateway beside each other, as the last check compared them, in words with an example.
import { h } from '@bpmn-io/properties-panel/preact';
import { useEffect, useState } from '@bpmn-io/properties-panel/preact/hooks';
import { useService } from 'bpmn-js-properties-panel';
import { is, isAny } from 'bpmn-js/lib/util/ModelUtil';
import { group } from './entries.js';

const LEVELS = { none: 'error', both: 'warn', never: 'warn', empty: 'warn', more: 'info' };

export function waysGroups(element, translate) {
  return isAny(element, ['bpmn:ExclusiveGateway', 'bpmn:InclusiveGateway']) && element.outgoing.length > 1
    ? [group('tk-ways', translate('Ways out'), [{ id: 'tk-ways-out', component: WaysOut }])] : [];
}

// of a gateway, or what of it concerns one flow
export function WaysOut({ element, id }) {
  const translate = useService('translate'), conditions = useService('troikaConditions'), registry = useService('elementRegistry'), eventBus = useService('eventBus'), names = useService('troikaShownNames');
  const [, again] = useState(0);
  useEffect(() => {
    const listen = () => again(count => count + 1);
    eventBus.on('troika.names', listen);
    return () => eventBus.off('troika.names', listen);
  }, []);
  const flow = is(element, 'bpmn:SequenceFlow'), found = conditions.ways(flow ? element.source.id : element.id).filter(({ flows }) => !flow || flows.includes(element.id));
  const named = key => registry.get(key) ? `“${names.of(registry.get(key)) || key}”` : key;
  const fine = !flow && !found.length && conditions.compared;
  return h('div', { role: 'status', class: 'tk-ways', 'data-entry-id': id }, fine && h('p', { class: 'tk-rows-note' }, translate('Its ways were compared: nothing stands out.')), h('ul', { class: 'tk-judgement' }, found.map((one, place) =>
    h('li', { key: place, class: `tk-judgement-${one.kind === 'empty' && one.default ? 'info' : LEVELS[one.kind]}` }, said(one, translate, named, conditions)))));
}

function said({ kind, flows, example, default: otherwise }, translate, named, conditions) {
  const [first, second] = flows.map(named), shown = example.map(([field, value]) => conditions.said(field, value)).join(translate(', '));
  switch (kind) {
    case 'none': return translate('For {example} no way is taken: the request would stop here.', { example: shown });
    case 'both': return translate('{first} and {second} both hold for {example}; the first of them is taken.', { first, second, example: shown });
    case 'never': return translate('{flow} is never taken: what stands before it takes everything.', { flow: first });
    case 'empty': return empty(example, otherwise, translate, conditions);
    default: return translate('Not compared: {flow} says more than rows can.', { flow: first });
  }
}

// what is missing, and the values of others with which it leaves nothing
function empty([[field], ...others], otherwise, translate, conditions) {
  const words = { field: conditions.labelled(field), example: others.map(([other, value]) => conditions.said(other, value)).join(translate(', ')) };
  if (otherwise) return translate('Where “{field}” is empty, the default is taken.', words);
  return others.length ? translate('Where “{field}” is empty, no way is taken for {example}: the request would stop here.', words) : translate('Where “{field}” is empty, no way is taken: the request would stop here.', words);
}
