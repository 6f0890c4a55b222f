// A person's step: who, which form and fields, how it is decided, which acts, until when, what it proves.
import { SelectEntry, isSelectEntryEdited } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { edit, extension } from '../extensions.js';
import { assignmentGroup } from './assignment.js';
import { CALENDAR, DEDUPE, feel, group, select, text, withStored } from './entries.js';
import { FieldMatrix } from './field_matrix.js';
import { TimeLimits } from './time_limits.js';
import { webhooksGroup } from './webhooks.js';

const FORM = select('zeebe:FormDefinition', 'formId', 'Form', ({ forms }, translate) => [
  { value: '', label: translate('No form') }, ...forms.map(({ id, name }) => ({ value: id, label: name === id ? id : `${name} (${id})` })),
]);
const APPROVAL = 'troika:Approval';
const MODES = [['', 'No approval: a task to be done'], ['any', 'Any one of them'], ['all', 'All of them'], ['claim', 'Whoever takes it first'], ['inform', 'For information']];
const ON_REJECT = [['', 'As drawn'], ['flow', 'Goes on; a gateway reads the outcome'], ['end', 'The request ends as rejected'], ['initiator', 'Goes back to the requester']];
const BRANCH_REJECT = [['', 'At once: the other branches are cancelled'], ['waitOthers', 'When the other branches have decided']];
const ENDS = ['end', 'initiator'];
const TARGETS = [['', 'Nobody'], ['initiator', 'The requester'], ['previous', 'The task before'], ['initiator previous', 'The requester or the task before'], ['any', 'Any task that was passed']];
const RESUBMITS = [['', 'Step by step'], ['stepwise backToMe', 'Step by step, or straight back if nothing has changed'], ['backToMe', 'Straight back if nothing has changed']];
const COMPENSATE = [['', 'Keeps it from going back'], ['true', 'Is undone first, where the drawing says how']];
const EXECUTES = [['', 'Does not pay'], ['executor', 'Pays: policies count them as the executor']];
const YES_NO = [['', 'Default'], ['true', 'Offered'], ['false', 'Not offered']];
const NOTHING_PERMITTED = { provides: undefined, subject: undefined, subjectType: undefined };

export function formGroup(element, translate) {
  return group('tk-form', translate('Form'), [FORM]);
}

export function userTaskGroups(element, translate) {
  const approval = extension(element, APPROVAL), copies = extension(element, 'troika:Cc'), policy = extension(element, 'troika:Policy');
  const permits = ['provides', 'subject', 'subjectType'].some(name => policy?.get(name));
  return [
    assignmentGroup(element, translate),
    group('tk-approval', translate('Approval'), [
      { id: 'tk-approval-mode', component: ModeEntry, isEdited: isSelectEntryEdited },
      approval && select(APPROVAL, 'onReject', 'When rejected', ON_REJECT),
      approval && (ENDS.includes(approval.get('onReject')) || approval.get('branchReject')) && select(APPROVAL, 'branchReject', 'Beside other branches', BRANCH_REJECT),
      approval?.get('mode') === 'any' && select(APPROVAL, 'rejects', 'Fails', [['', 'At the first rejection'], ['all', 'When all have rejected']]),
      approval && select('troika:Opinion', 'required', 'Opinion', [['', 'Required to reject'], ['always', 'Always required'], ['never', 'Never required']]),
      approval && text('troika:Opinion', 'phrases', 'Common phrases', { description: 'Separated by |' }),
      select('troika:Signature', 'required', 'Signed by hand', [['', 'Not signed'], ['false', 'Offered'], ['true', 'Required']]),
    ]),
    group('tk-back', translate('Going back'), [
      select('troika:Return', 'targets', 'May be sent back to', TARGETS),
      extension(element, 'troika:Return') && select('troika:Return', 'resubmit', 'Comes back', RESUBMITS),
      extension(element, 'troika:Return') && select('troika:Return', 'compensate', 'What was done since then', COMPENSATE),
      select('troika:Recall', 'until', 'A decision may be taken back', [['', 'Until the next decision'], ['beforeNextDecision', 'Until the next decision (written)'], ['beforeNextSeen', 'Until the next person has seen it'], ['never', 'Never']]),
    ]),
    formGroup(element, translate),
    group('tk-fields', translate('Field permissions'), [
      select('troika:Fields', 'default', 'Fields not listed', [['', 'Default'], ['write', 'May be written'], ['read', 'May be read'], ['hidden', 'Hidden']]),
      { id: 'tk-fields-matrix', component: FieldMatrix },
    ]),
    group('tk-buttons', translate('Buttons'), [
      text('troika:Buttons', 'agree', 'Word for “agree”'), text('troika:Buttons', 'reject', 'Word for “reject”'),
      select('troika:Buttons', 'transfer', 'Transfer', YES_NO), select('troika:Buttons', 'comment', 'Comment', YES_NO), select('troika:Buttons', 'attach', 'Attach files', YES_NO),
    ]),
    group('tk-due', translate('Time limit'), [
      feel('zeebe:TaskSchedule', 'dueDate', 'Due', 'For example now() + duration("P3D")'),
      feel('zeebe:TaskSchedule', 'followUpDate', 'Follow-up'),
      CALENDAR,
      text('zeebe:PriorityDefinition', 'priority', 'Priority', { description: '0 to 100', validate: value => /^(=.*|\d{1,3})$/.test(value) ? null : 'A number from 0 to 100' }),
      { id: 'tk-time-limits', component: TimeLimits },
    ]),
    group('tk-copies', translate('Copies'), [
      text('troika:Cc', 'users', 'People who get a copy', { description: 'Logins, separated by spaces' }),
      text('troika:Cc', 'groups', 'Groups that get a copy', { description: 'Keys, separated by spaces' }),
      copies && select('troika:Cc', 'on', 'When', [['', 'When it is passed'], ['enter', 'When it is asked'], ['end', 'When the request has ended']]),
    ]),
    webhooksGroup(translate),
    group('tk-control', translate('Control'), [
      select('troika:Policy', 'provides', 'This approval permits', ({ capabilities }, translate_) => withStored(
        [{ value: '', label: translate_('Nothing guarded') }, ...capabilities.map(({ id, name }) => ({ value: id, label: name }))], policy?.get('provides'))),
      permits && text('troika:Policy', 'subjectType', 'Kind of document', { description: 'Table, for example erp_payment_request' }),
      permits && feel('troika:Policy', 'subject', 'Document', 'Expression that gives its id'),
      select('troika:Policy', 'role', 'Whoever decides here', EXECUTES),
    ]),
    group('tk-automatic', translate('Nobody or oneself'), [
      select('troika:OnEmpty', 'do', 'When nobody is found', [['', 'Process administrator'], ['processAdmin', 'Process administrator (written)'], ['autoPass', 'Passes by itself'], ['autoReject', 'Is rejected by itself'], ['users', 'Certain people are asked'], ['blockStart', 'The request is not accepted']]),
      extension(element, 'troika:OnEmpty')?.get('do') === 'users' && text('troika:OnEmpty', 'users', 'People asked instead', { description: 'Logins, separated by spaces' }),
      select('troika:OnSelf', 'do', 'When it is the initiator', [['', 'Default'], ['ask', 'Is asked'], ['skip', 'Is skipped'], ['manager', 'The manager is asked'], ['deptLeader', 'The head of department is asked'], ['forbid', 'As nobody']]),
      select('troika:Dedupe', 'mode', 'Who has agreed before', DEDUPE),
      feel('troika:SkipWhen', 'value', 'Skipped when', 'For example amount < 100'),
    ]),
  ];
}

// without troika:approval the step is a task that somebody does; with it, one that people agree to or reject
function ModeEntry({ element, id }) {
  const injector = useService('injector'), translate = useService('translate');
  const stored = extension(element, APPROVAL);
  const mode = stored ? stored.get('mode') ?? 'any' : '';
  const executes = extension(element, 'troika:Policy')?.get('role');
  return h(SelectEntry, {
    element, id, label: translate('Passes when agreed by'), getValue: () => mode,
    setValue: value => edit(injector, element, value
      ? { [APPROVAL]: { mode: value, onReject: stored?.get('onReject') ?? 'flow' } }
      : { [APPROVAL]: null, 'troika:Opinion': null, 'troika:Policy': executes ? NOTHING_PERMITTED : null }),
    getOptions: () => withStored(MODES.map(([value, label]) => ({ value, label: translate(label) })), mode),
  });
}
