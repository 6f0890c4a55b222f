// The process itself: where it stands in the catalogue, how a request is called and numbered, who may start it.
import { TextFieldEntry, isTextFieldEntryEdited } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { edit } from '../extensions.js';
import { choice, group } from './entries.js';
import { webhooksGroup } from './webhooks.js';

export function processGroups(element, translate, { choices }) {
  return [
    group('tk-request', translate('Request'), [
      { id: 'tk-category', component: CategoryEntry, isEdited: isTextFieldEntryEdited },
      ...choices.process.filter(({ element: word }) => word !== 'troika:fields').map(found => choice(element, found)),
    ]),
    group('tk-fields', translate('Field permissions'), choices.process.filter(({ element: word }) => word === 'troika:fields').map(found => choice(element, found))),
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
