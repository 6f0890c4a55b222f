// From a step to the form, decision or process that it names, and back by the page that opens: chosen by name, opened by a link.
// What a decision or process is called by an expression stays with Zeebe's field.
import { SelectEntry, isSelectEntryEdited } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { edit, extension } from '../extensions.js';
import { t } from '../../shared/i18n.js';
import { withStored } from './entries.js';

const FORM = { page: '/designer/forms/edit/', open: 'Open the form', blank: '/designer/forms/new', make: 'New form' };
const DECISION = { page: '/designer/decisions/of/', open: 'Open the decision', blank: '/designer/decisions/new', make: 'New decision table' };
const PROCESS = { page: '/designer/edit/', open: 'Open the process' };
// by the group of Zeebe's: its field for the id, and what that id names
const CALLED = {
  calledDecision: { field: 'decisionId', type: 'zeebe:CalledDecision', label: 'Decision', known: 'decisions', of: DECISION, answers: true },
  calledElement: { field: 'targetProcessId', type: 'zeebe:CalledElement', label: 'Process', known: 'processes', of: PROCESS },
};

export const formLink = element => link(FORM, extension(element, 'zeebe:FormDefinition')?.get('formId'));
export const decisionLink = id => link(DECISION, id);

export function withCalled(element, group) {
  const called = CALLED[group.id];
  if (!called) return group;
  const id = stored(element, called), entries = group.entries.filter(entry => isExpression(id) || entry.id !== called.field);
  return { ...group, entries: [{ id: 'tk-called', component: Choice, isEdited: isSelectEntryEdited, called }, ...entries, ...link(called.of, id)] };
}

function Choice({ element, id, called }) {
  const injector = useService('injector'), translate = useService('translate'), catalogue = useService('troikaCatalogue'), now = stored(element, called);
  const options = [
    { value: '', label: translate('Choose…') },
    ...catalogue[called.known].map(({ id: value, name }) => ({ value, label: name === value ? value : `${name} (${value})` })),
    { value: '=', label: translate('As an expression says') },
  ];
  return h(SelectEntry, {
    element, id, label: translate(called.label), getValue: () => (isExpression(now) ? '=' : now ?? ''), getOptions: () => (isExpression(now) ? options : withStored(options, now)),
    setValue: value => edit(injector, element, { [called.type]: ({ resultVariable }) => ({ [nameOf(called)]: value || undefined, ...(called.answers && value && value !== '=' && !resultVariable && { resultVariable: value }) }) }),
  });
}

const nameOf = ({ field }) => (field === 'targetProcessId' ? 'processId' : field);
const stored = (element, called) => extension(element, called.type)?.get(nameOf(called));
const isExpression = text => text?.startsWith('=');
const link = (of, id) => (isExpression(id) || !(id || of.blank) ? [] : [{ id: 'tk-called-link', component: Link, of, called: id }]);

function Link({ element, of, called }) {
  const scope = new URLSearchParams({ process: location.pathname.split('/').pop(), element: element.id });
  const address = called ? of.page + called.split('/').map(encodeURIComponent).join('/') : of.blank;
  return h('div', { class: 'bio-properties-panel-entry' }, h('a', { href: `${address}?${scope}`, 'data-saves': '' }, t(called ? of.open : of.make)));
}
