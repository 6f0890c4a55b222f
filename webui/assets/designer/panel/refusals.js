// On a boundary event that catches an error: the codes with which the operation below it refuses, to be chosen.
import { SelectEntry, isSelectEntryEdited } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { extension } from '../extensions.js';
import { withStored } from './entries.js';

export function withRefusals(element, group, catalogue) {
  return group.id === 'error' && is(element, 'bpmn:BoundaryEvent') && refusalsOf(element, catalogue).length
    ? { ...group, entries: [{ id: 'tk-refusal', component: RefusalEntry, isEdited: isSelectEntryEdited }, ...group.entries] } : group;
}

function refusalsOf({ host }, catalogue) {
  return catalogue.operation(host && extension(host, 'zeebe:TaskDefinition')?.get('type'))?.refusals ?? [];
}

function RefusalEntry({ element, id }) {
  const injector = useService('injector'), translate = useService('translate'), catalogue = useService('troikaCatalogue');
  const definition = getBusinessObject(element).get('eventDefinitions')[0], code = definition.get('errorRef')?.get('errorCode') ?? '';
  const codes = refusalsOf(element, catalogue);
  return h(SelectEntry, {
    element, id, label: translate('Refusal that it catches'), getValue: () => code, setValue: value => caught(injector, element, definition, value),
    getOptions: () => withStored([{ value: '', label: translate('Any refusal') }, ...codes.map(([value, words]) => ({ value, label: words === value ? value : `${words} (${value})` }))], code),
  });
}

// the error of that code, made when the drawing has none: one step of undo
function caught(injector, element, definition, code) {
  const definitions = injector.get('bpmnjs').getDefinitions(), roots = definitions.get('rootElements');
  const known = roots.find(root => is(root, 'bpmn:Error') && root.get('errorCode') === code);
  const error = code ? known ?? Object.assign(injector.get('bpmnFactory').create('bpmn:Error', { name: code, errorCode: code }), { $parent: definitions }) : undefined;
  const put = (moddleElement, properties) => ({ cmd: 'element.updateModdleProperties', context: { element, moddleElement, properties } });
  injector.get('commandStack').execute('properties-panel.multi-command-executor', [
    ...(error && !known ? [put(definitions, { rootElements: [...roots, error] })] : []), put(definition, { errorRef: error }),
  ]);
}
