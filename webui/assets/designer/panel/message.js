// A message that is sent: its name, the key that finds the receiver, and how long it waits for one.
import { TextFieldEntry, isTextFieldEntryEdited } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { getBusinessObject, is, isAny } from 'bpmn-js/lib/util/ModelUtil';
import { feel, group, text } from './entries.js';

const PUBLISH = 'zeebe:PublishMessage';

export function throwsMessage(element) {
  return is(element, 'bpmn:SendTask') || (isAny(element, ['bpmn:IntermediateThrowEvent', 'bpmn:EndEvent']) && Boolean(carrier(element)));
}

export function messageGroup(translate) {
  return group('tk-message', translate('Message'), [
    { id: 'tk-message-name', component: NameEntry, isEdited: isTextFieldEntryEdited },
    feel(PUBLISH, 'correlationKey', 'Key that finds the receiver'),
    text(PUBLISH, 'timeToLive', 'Kept for', { description: 'For example PT1H' }),
  ]);
}

// a send task refers to the message itself, an event through its definition
function carrier(element) {
  const owner = getBusinessObject(element);
  return is(owner, 'bpmn:SendTask') ? owner : (owner.get('eventDefinitions') ?? []).find(definition => is(definition, 'bpmn:MessageEventDefinition'));
}

function NameEntry({ element, id }) {
  const injector = useService('injector'), translate = useService('translate'), debounce = useService('debounceInput');
  const referring = carrier(element);
  return h(TextFieldEntry, {
    element, id, debounce, label: translate('Name of the message'), getValue: () => referring.get('messageRef')?.get('name') ?? '',
    setValue: name => refer(injector, element, referring, name),
  });
}

// to the message of that name, made when the drawing has none: one step of undo
function refer(injector, element, referring, name) {
  const definitions = injector.get('bpmnjs').getDefinitions(), roots = definitions.get('rootElements');
  const known = roots.find(root => is(root, 'bpmn:Message') && root.get('name') === name);
  const message = name ? known ?? Object.assign(injector.get('bpmnFactory').create('bpmn:Message', { name }), { $parent: definitions }) : undefined;
  const put = (moddleElement, properties) => ({ cmd: 'element.updateModdleProperties', context: { element, moddleElement, properties } });
  injector.get('commandStack').execute('properties-panel.multi-command-executor', [
    ...(message && !known ? [put(definitions, { rootElements: [...roots, message] })] : []), put(referring, { messageRef: message }),
  ]);
}
