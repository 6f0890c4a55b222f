// A person's step: who, which form and fields, how it is decided, which acts, until when, what it proves.
import { SelectEntry, isSelectEntryEdited } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { edit, extension } from '../extensions.js';
import { assignmentGroup } from './assignment.js';
import { formLink } from './called.js';
import { CALENDAR, choice, condition, feel, group, select, text, withStored } from './entries.js';
import { FieldMatrix } from './field_matrix.js';
import { TimeLimits } from './time_limits.js';
import { webhooksGroup } from './webhooks.js';

const FORM = select('zeebe:FormDefinition', 'formId', 'Form', ({ forms }, translate) => [
  { value: '', label: translate('No form') }, ...forms.map(({ id, name }) => ({ value: id, label: name === id ? id : `${name} (${id})` })),
]);
const APPROVAL = 'troika:Approval', MODE = 'approval.mode', UNSAID = 'unsaid';
const EXECUTES = [['', 'Does not pay'], ['executor', 'Pays: policies count them as the executor']];
const NOTHING_PERMITTED = { provides: undefined, subject: undefined, subjectType: undefined };

export function formGroup(element, translate) {
  return group('tk-form', translate('Form'), [FORM, ...formLink(element)]);
}

export function userTaskGroups(element, translate, { choices }) {
  const approval = extension(element, APPROVAL), copies = extension(element, 'troika:Cc'), policy = extension(element, 'troika:Policy');
  const permits = ['provides', 'subject', 'subjectType'].some(name => policy?.get(name));
  const all = (listed = []) => listed.map(found => choice(element, found));
  return [
    assignmentGroup(element, translate, choices),
    group('tk-approval', translate('Approval'), [
      { id: 'tk-approval-mode', component: ModeEntry, isEdited: isSelectEntryEdited },
      ...all(approval && choices.passing.filter(({ name }) => name !== MODE)),
    ]),
    group('tk-automatic', translate('Nobody or oneself'), [
      ...all(choices.automatic),
      condition('troika:SkipWhen', 'value', 'Skipped when', 'For example amount < 100'),
    ]),
    group('tk-due', translate('Time limit'), [
      feel('zeebe:TaskSchedule', 'dueDate', 'Due', 'For example now() + duration("P3D")'),
      feel('zeebe:TaskSchedule', 'followUpDate', 'Follow-up'),
      CALENDAR,
      text('zeebe:PriorityDefinition', 'priority', 'Priority', { description: '0 to 100', validate: value => /^(=.*|\d{1,3})$/.test(value) ? null : 'A number from 0 to 100' }),
      { id: 'tk-time-limits', component: TimeLimits },
    ]),
    formGroup(element, translate),
    group('tk-fields', translate('Field permissions'), [...all(choices.fields), { id: 'tk-fields-matrix', component: FieldMatrix }]),
    group('tk-buttons', translate('What may be done'), all(choices.acts)),
    group('tk-back', translate('Going back'), all(choices.returning)),
    group('tk-copies', translate('Copies'), [
      text('troika:Cc', 'users', 'People who get a copy', { description: 'Logins, separated by spaces' }),
      text('troika:Cc', 'groups', 'Groups that get a copy', { description: 'Keys, separated by spaces' }),
      ...all(copies && choices.copies),
    ]),
    webhooksGroup(translate),
    group('tk-control', translate('Control'), [
      select('troika:Policy', 'provides', 'This approval permits', ({ capabilities }, translate_) => withStored(
        [{ value: '', label: translate_('Nothing guarded') }, ...capabilities.map(({ id, name }) => ({ value: id, label: name }))], policy?.get('provides'))),
      permits && text('troika:Policy', 'subjectType', 'Kind of document', { description: 'Table, for example erp_payment_request' }),
      permits && feel('troika:Policy', 'subject', 'Document', 'Expression that gives its id'),
      select('troika:Policy', 'role', 'Whoever decides here', EXECUTES),
    ]),
  ];
}

// without troika:approval the step is a task that somebody does; with it, one that people agree to or reject
function ModeEntry({ element, id }) {
  const injector = useService('injector'), translate = useService('translate'), { choices: { passing } } = useService('troikaCatalogue');
  const stored = extension(element, APPROVAL), { options } = passing.find(({ name }) => name === MODE);
  const mode = stored ? stored.get('mode') ?? UNSAID : '';
  const executes = extension(element, 'troika:Policy')?.get('role');
  return h(SelectEntry, {
    element, id, label: translate('Passes when agreed by'), getValue: () => mode,
    setValue: value => edit(injector, element, value
      ? { [APPROVAL]: { mode: value === UNSAID ? undefined : value, onReject: stored?.get('onReject') ?? 'flow' } }
      : { [APPROVAL]: null, 'troika:Opinion': null, 'troika:Policy': executes ? NOTHING_PERMITTED : null }),
    getOptions: () => withStored([{ value: '', label: translate('No approval: a task to be done') }, ...options.map(([value, label]) => ({ value: value || UNSAID, label }))], mode),
  });
}
