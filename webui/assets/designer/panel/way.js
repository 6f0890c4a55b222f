// How a script task and a business rule task are carried out: by FEEL or a decision, or by an operation. One takes the place of the
// other, and of a script in another language, which nothing here executes.
import { SelectEntry, isSelectEntryEdited } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { edit, extension } from '../extensions.js';
import { group } from './entries.js';
import { serviceTaskGroups } from './service_task.js';

const OPERATION = 'zeebe:TaskDefinition';
const OWN = { 'bpmn:ScriptTask': ['zeebe:Script', 'An expression (FEEL)'], 'bpmn:BusinessRuleTask': ['zeebe:CalledDecision', 'A decision'] };

export const hasWays = element => Object.keys(OWN).some(type => is(element, type));

export function wayGroups(element, translate, catalogue) {
  return [
    group('tk-way', translate('Carried out by'), [{ id: 'tk-way', component: WayEntry, isEdited: isSelectEntryEdited }, scriptOf(element).text && { id: 'tk-script', component: Script }]),
    ...(extension(element, OPERATION) ? serviceTaskGroups(element, translate, catalogue) : []),
  ];
}

function WayEntry({ element, id }) {
  const injector = useService('injector'), translate = useService('translate');
  const [type, label] = OWN[getBusinessObject(element).$type], { text, language, result } = scriptOf(element);
  const written = language === 'feel' ? { expression: `= ${text.replace(/^=\s*/, '')}` } : {};
  const made = { [OPERATION]: {}, 'zeebe:Script': { ...written, resultVariable: result }, 'zeebe:CalledDecision': {} };
  return h(SelectEntry, {
    element, id, label: translate('Carried out by'), getValue: () => [type, OPERATION].find(one => extension(element, one)) ?? '',
    setValue: way => edit(injector, element, { [type]: null, [OPERATION]: null, ...(way && { [way]: made[way] }) }, {}, way && text ? { script: undefined, scriptFormat: undefined } : {}),
    getOptions: () => [['', 'Choose…'], [type, label], [OPERATION, 'An operation']].map(([value, text_]) => ({ value, label: translate(text_) })),
  });
}

function Script({ element }) {
  const translate = useService('translate'), { text, language } = scriptOf(element);
  return h('div', { class: 'bio-properties-panel-entry', 'data-entry-id': 'tk-script' }, h('span', { class: 'bio-properties-panel-label' }, translate('As it was written ({language})', { language: language || '?' })),
    h('code', { class: 'd-block text-break' }, text));
}

function scriptOf(element) {
  const owner = getBusinessObject(element), [, result] = Object.entries(owner.$attrs).find(([name]) => name.endsWith(':resultVariable')) ?? [];
  return { text: (is(owner, 'bpmn:ScriptTask') && owner.get('script')) || '', language: (owner.scriptFormat ?? '').toLowerCase(), result };
}
