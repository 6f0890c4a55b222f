// 谁来审批: one choice in business words over zeebe:assignmentDefinition (person, people, groups, expression) and
// troika:assignment (whoever the organisation names). Choosing one removes the other.
import { SelectEntry, isSelectEntryEdited } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { asList, edit, extension, listOf } from '../extensions.js';
import { FeelField } from './feel_field.js';
import { decisionLink } from './called.js';
import { choice, group, named, withStored } from './entries.js';
import { Named } from './named.js';

const ZEEBE = 'zeebe:AssignmentDefinition', TROIKA = 'troika:Assignment';
const INITIATOR = '= process.initiator', CLEARED = { assignee: undefined, candidateUsers: undefined, candidateGroups: undefined };

const MANAGERS = ['initiatorManager', 'initiatorDeptLeader'];

export function assignmentGroup(element, translate, { assignment }) {
  const way = wayOf(element);
  return group('tk-who', translate('Who'), [
    { id: 'tk-who-way', component: WayEntry, isEdited: isSelectEntryEdited },
    way === 'user' && { id: 'tk-who-user', component: PersonEntry },
    way === 'users' && { id: 'tk-who-users', component: ListEntry, spec: { name: 'candidateUsers', label: 'People', of: 'people' } },
    way === 'groups' && { id: 'tk-who-groups', component: ListEntry, spec: { name: 'candidateGroups', label: 'Groups', of: 'groups' } },
    way === 'expression' && { id: 'tk-who-expression', component: ExpressionEntry },
    way === 'role' && named(TROIKA, 'groups', 'Groups', 'groups', ', '),
    ...assignment.filter(({ when: [, ways] }) => ways.includes(way)).map(word => choice(element, { ...word, when: null })),
    ...(way === 'decision' ? decisionLink(extension(element, TROIKA)?.get('decisionId')) : []),
  ]);
}

export function wayOf(element) {
  const strategy = extension(element, TROIKA)?.get('strategy');
  if (strategy) return strategy;
  const found = extension(element, ZEEBE);
  if (!found) return '';
  const { assignee, candidateUsers, candidateGroups } = found;
  if (assignee !== undefined) return squeezed(assignee) === squeezed(INITIATOR) ? 'initiator' : assignee.startsWith('=') ? 'expression' : 'user';
  if (candidateGroups !== undefined) return listOf(candidateGroups) ? 'groups' : 'expression';
  if (candidateUsers !== undefined) return listOf(candidateUsers) ? 'users' : 'expression';
  return '';
}

function written(way) {
  switch (way) {
    case '': return { [ZEEBE]: null, [TROIKA]: null };
    case 'initiator': return { [ZEEBE]: { ...CLEARED, assignee: INITIATOR }, [TROIKA]: null };
    case 'user': return { [ZEEBE]: { ...CLEARED, assignee: '' }, [TROIKA]: null };
    case 'users': return { [ZEEBE]: { ...CLEARED, candidateUsers: '' }, [TROIKA]: null };
    case 'groups': return { [ZEEBE]: { ...CLEARED, candidateGroups: '' }, [TROIKA]: null };
    case 'expression': return { [ZEEBE]: { ...CLEARED, assignee: '=' }, [TROIKA]: null };
    default: return { [ZEEBE]: null, [TROIKA]: { strategy: way, level: MANAGERS.includes(way) ? '1' : undefined, groups: undefined } };
  }
}

function WayEntry({ element, id }) {
  const injector = useService('injector'), translate = useService('translate'), { choices } = useService('troikaCatalogue');
  const way = wayOf(element), ways = choices.ways.map(([value, label]) => ({ value, label }));
  return h(SelectEntry, {
    element, id, label: translate('Decided by'), getValue: () => way,
    setValue: value => edit(injector, element, written(value)),
    getOptions: () => withStored([{ value: '', label: translate('Choose…') }, ...ways], way),
  });
}

function PersonEntry({ element, id }) {
  const injector = useService('injector'), translate = useService('translate'), { people, morePeople } = useService('troikaCatalogue');
  const stored = extension(element, ZEEBE)?.get('assignee') ?? '';
  const change = assignee => edit(injector, element, { [ZEEBE]: { assignee } });
  if (morePeople) return h(Named, { id, label: translate('Person'), of: 'people', chosen: stored ? [stored] : [], one: true, onChange: ([login = '']) => change(login) });
  const options = [{ value: '', label: translate('Choose…') }, ...people.map(({ login, name }) => ({ value: login, label: `${name} (${login})` }))];
  if (stored && !people.some(({ login }) => login === stored)) options.push({ value: stored, label: `${stored} ?` });
  return h(SelectEntry, {
    element, id, label: translate('Person'), getValue: () => stored, setValue: change, getOptions: () => options,
  });
}

function ListEntry({ element, id, spec: { name, label, of } }) {
  const injector = useService('injector'), translate = useService('translate');
  return h(Named, {
    id, label: translate(label), of, chosen: listOf(extension(element, ZEEBE)?.get(name)) ?? [],
    onChange: keys => edit(injector, element, { [ZEEBE]: { [name]: asList(keys) ?? '' } }),
  });
}

function ExpressionEntry({ element, id }) {
  const injector = useService('injector'), translate = useService('translate'), words = useService('troikaVariables');
  const found = extension(element, ZEEBE);
  const name = ['candidateGroups', 'candidateUsers', 'assignee'].find(attribute => found?.get(attribute)) ?? 'assignee';
  return h(FeelField, {
    key: `${element.id}-${id}`, id, label: translate('Expression that gives a person'), value: found?.get(name), words,
    onChange: value => edit(injector, element, { [ZEEBE]: { [name]: value ?? '=' } }),
  });
}

function squeezed(text) {
  return text.replace(/\s+/g, '');
}
