// The process itself: where it stands in the catalogue, how a request is called and numbered, who may start it.
import { TextFieldEntry, isTextFieldEntryEdited } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { edit } from '../extensions.js';
import { DEDUPE, feel, group, select, text } from './entries.js';
import { webhooksGroup } from './webhooks.js';

export function processGroups(element, translate) {
  return [
    group('tk-request', translate('Request'), [
      { id: 'tk-category', component: CategoryEntry, isEdited: isTextFieldEntryEdited },
      feel('troika:Title', 'value', 'Title of a request', 'For example process.initiator.name + "的报销"'),
      text('troika:Summary', 'fields', 'Fields shown in lists', { description: 'Separated by spaces' }),
      text('troika:Numbering', 'pattern', 'Number', { placeholder: 'BX{yyyyMMdd}{seq:4}' }),
      select('troika:Numbering', 'period', 'Counting starts anew', [['', 'Each year'], ['day', 'Each day'], ['month', 'Each month'], ['year', 'Each year (written)'], ['never', 'Never']]),
      text('troika:Starters', 'groups', 'Groups that may start it', { description: 'Keys, separated by spaces; empty: everybody' }),
      text('troika:Starters', 'departments', 'Departments that may start it'),
      select('troika:Withdraw', 'until', 'May be withdrawn', [['', 'Until the first decision'], ['beforeFirstDecision', 'Until the first decision (written)'], ['anytime', 'At any time'], ['approvedWithin:P31D', 'Until 31 days after the first approval'], ['never', 'Never']]),
      select('troika:Dedupe', 'mode', 'Who has agreed before', DEDUPE),
    ]),
    group('tk-fields', translate('Field permissions'), [
      select('troika:Fields', 'default', 'Fields not listed', [['', 'Default'], ['write', 'May be written'], ['read', 'May be read'], ['hidden', 'Hidden']]),
    ]),
    webhooksGroup(translate),
  ];
}

// names in the other language; Chinese names stand in the drawing
export const ENGLISH_NAME = { id: 'tk-name-en', component: EnglishNameEntry, isEdited: isTextFieldEntryEdited };

function EnglishNameEntry({ element, id }) {
  const injector = useService('injector'), translate = useService('translate'), debounce = useService('debounceInput');
  const english = value => value.get('lang') === 'en';
  const stored = (getBusinessObject(element).get('extensionElements')?.get('values') ?? []).find(value => is(value, 'troika:Label') && english(value));
  return h(TextFieldEntry, {
    element, id, debounce, label: translate('Name in English'), getValue: () => stored?.get('text') ?? '',
    setValue: value => {
      if (!value && !stored) return;
      edit(injector, element, { 'troika:Label': value ? { lang: 'en', text: value } : null }, { 'troika:Label': english });
    },
  });
}

function CategoryEntry({ element, id }) {
  const modeling = useService('modeling'), translate = useService('translate'), debounce = useService('debounceInput');
  return h(TextFieldEntry, {
    element, id, debounce, label: translate('Area'), description: translate('Folder of the process: oa, erp, crm or integration'),
    getValue: () => getBusinessObject(element).get('troika:category') ?? '', setValue: value => modeling.updateProperties(element, { 'troika:category': value || undefined }),
  });
}
