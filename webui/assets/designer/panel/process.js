// The process itself: where it stands in the catalogue, how a request is called and numbered, who may start it.
import { TextFieldEntry, isTextFieldEntryEdited } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { getBusinessObject } from 'bpmn-js/lib/util/ModelUtil';
import { english, stillFits, writeLabel, writtenFor } from '../names/index.js';
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
  const stored = english(element), before = writtenFor(element);
  const outdated = before !== undefined && h('span', { class: 'tk-outdated', role: 'status' }, translate('It may be out of date: it was written for “{name}”.', { name: before }), ' ',
    h('button', { type: 'button', class: 'btn btn-sm', 'data-still-fits': '', onClick: () => stillFits(injector, element) }, translate('It still fits')));
  return h(TextFieldEntry, {
    element, id, debounce, label: translate('Name in English'), description: outdated || undefined, getValue: () => stored?.get('text') ?? '',
    setValue: value => { if (value || stored) writeLabel(injector, element, 'en', value); },
  });
}

function CategoryEntry({ element, id }) {
  const modeling = useService('modeling'), translate = useService('translate'), debounce = useService('debounceInput');
  return h(TextFieldEntry, {
    element, id, debounce, label: translate('Area'), description: translate('Folder of the process: oa, erp, crm or integration'),
    getValue: () => getBusinessObject(element).get('troika:category') ?? '', setValue: value => modeling.updateProperties(element, { 'troika:category': value || undefined }),
  });
}
