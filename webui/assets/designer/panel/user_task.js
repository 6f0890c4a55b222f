// A person's step: who, which form and fields, how it is decided, which acts, until when, what it proves.
import { SelectEntry, isSelectEntryEdited } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { is } from 'bpmn-js/lib/util/ModelUtil';
import { useService } from 'bpmn-js-properties-panel';
import { edit, extension } from '../extensions.js';
import { assignmentGroup } from './assignment.js';
import { formLink } from './called.js';
import { CALENDAR, ahead, choice, condition, feel, group, named, select, text, withStored } from './entries.js';
import { FieldMatrix } from './field_matrix.js';
import { TakenFrom } from './taken_from.js';
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
      ahead('zeebe:TaskSchedule', 'dueDate', 'Due after', 'For example now() + duration("P3D")'),
      ahead('zeebe:TaskSchedule', 'followUpDate', 'Follow-up after'),
      CALENDAR,
      text('zeebe:PriorityDefinition', 'priority', 'Priority', { description: '0 to 100', validate: value => /^(=.*|\d{1,3})$/.test(value) ? null : 'A number from 0 to 100' }),
      { id: 'tk-time-limits', component: TimeLimits },
    ]),
    formGroup(element, translate),
    group('tk-fields', translate('Field permissions'), [...all(choices.fields), { id: 'tk-fields-matrix', component: FieldMatrix }]),
    group('tk-buttons', translate('What may be done'), all(choices.acts)),
    group('tk-back', translate('Going back'), all(choices.returning)),
    group('tk-copies', translate('Copies'), [
      named('troika:Cc', 'users', 'People who get a copy', 'people'),
      named('troika:Cc', 'groups', 'Groups that get a copy', 'groups'),
      ...all(copies && choices.copies),
    ]),
    webhooksGroup(translate),
    group('tk-control', translate('Control'), [
      { id: 'tk-troika-Policy-provides', component: PermitsEntry, isEdited: isSelectEntryEdited },
      permits && text('troika:Policy', 'subjectType', 'Kind of document', { description: 'Table, for example erp_payment_request' }),
      permits && feel('troika:Policy', 'subject', 'Document', 'Expression that gives its id'),
      permits && { id: 'tk-subject', component: DocumentEntry },
      select('troika:Policy', 'role', 'Whoever decides here', EXECUTES),
    ]),
  ];
}

// without troika:approval the step is a task that somebody does; with it, one that people agree to or reject
function ModeEntry({ element, id }) {
  const injector = useService('injector'), translate = useService('translate'), { choices: { passing } } = useService('troikaCatalogue');
  const stored = extension(element, APPROVAL), { options } = passing.find(({ name }) => name === MODE);
  const mode = stored ? stored.get('mode') ?? UNSAID : '';
  const executes = extension(element, 'troika:Policy')?.get('role'), asked = requested(useService('elementRegistry'));
  return h(SelectEntry, {
    element, id, label: translate('Passes when agreed by'), getValue: () => mode,
    setValue: value => edit(injector, element, value
      ? {
        [APPROVAL]: { mode: value === UNSAID ? undefined : value, onReject: stored?.get('onReject') ?? 'flow' },
        // whoever is asked for the first time sees what was requested
        ...(!stored && asked && !extension(element, 'zeebe:FormDefinition') && {
          'zeebe:FormDefinition': { formId: asked }, ...(!extension(element, 'troika:Fields') && { 'troika:Fields': { default: 'read' } }),
        }),
      }
      : { [APPROVAL]: null, 'troika:Opinion': null, 'troika:Policy': executes ? NOTHING_PERMITTED : null }),
    getOptions: () => withStored([{ value: '', label: translate('No approval: a task to be done') }, ...options.map(([value, label]) => ({ value: value || UNSAID, label }))], mode),
  });
}

// the form by which a request is made
function requested(drawn) {
  return drawn.filter(one => is(one, 'bpmn:StartEvent')).map(one => extension(one, 'zeebe:FormDefinition')?.get('formId')).find(Boolean);
}

// the document is the one that the guarded step of this drawing asks for, until somebody names another
function PermitsEntry({ element, id }) {
  const injector = useService('injector'), translate = useService('translate'), catalogue = useService('troikaCatalogue');
  const drawn = useService('elementRegistry'), policy = extension(element, 'troika:Policy'), stored = policy?.get('provides');
  return h(SelectEntry, {
    element, id, label: translate('This approval permits'), getValue: () => stored ?? '',
    setValue: provides => edit(injector, element, {
      'troika:Policy': provides ? { provides, ...(!policy?.get('subject') && documentOf(provides, catalogue, drawn)) } : policy?.get('role') ? NOTHING_PERMITTED : null,
    }),
    getOptions: () => withStored([{ value: '', label: translate('Nothing guarded') }, ...catalogue.capabilities.map(({ id: value, name }) => ({ value, label: name }))], stored),
  });
}

function documentOf(provides, { capabilities, operations }, drawn) {
  const { on } = capabilities.find(({ id }) => id === provides) ?? {}, guarded = operations.filter(({ guarded_by: of }) => of === on);
  const step = drawn.find(one => guarded.some(({ name }) => name === extension(one, 'zeebe:TaskDefinition')?.get('type')));
  const { subject } = guarded.find(({ name }) => name === (step && extension(step, 'zeebe:TaskDefinition').get('type'))) ?? guarded[0] ?? {};
  const given = step && extension(step, 'zeebe:IoMapping')?.get('inputParameters').find(input => input.get('target') === subject.argument);
  return subject && { subjectType: subject.type, subject: given?.get('source') };
}

function DocumentEntry({ element, id }) {
  const injector = useService('injector'), translate = useService('translate');
  return h(TakenFrom, {
    element, id, label: translate('Document'), type: 'id', value: extension(element, 'troika:Policy')?.get('subject'),
    onChange: subject => edit(injector, element, { 'troika:Policy': { subject } }),
  });
}
