// An English name that was written for another Chinese one says so (`of`), until somebody has read it again; both in one step
// of undo with the renaming.
import CommandInterceptor from 'diagram-js/lib/command/CommandInterceptor';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';

export function english(element) {
  return (getBusinessObject(element).get('extensionElements')?.get('values') ?? []).find(value => is(value, 'troika:Label') && value.get('lang') === 'en');
}

// the name for which the English one was written, if it is another one now
export function writtenFor(element) {
  const of = english(element)?.get('of');
  return of !== undefined && of !== (getBusinessObject(element).get('name') ?? '') ? of : undefined;
}

class Names extends CommandInterceptor {
  static $inject = ['eventBus', 'modeling'];
  constructor(eventBus, modeling) {
    super(eventBus);
    const names = new WeakMap();      // one command may run within another
    const commands = ['element.updateProperties', 'element.updateLabel'];
    this.preExecute(commands, ({ context }) => { names.set(context, getBusinessObject(context.element).get('name') ?? ''); });
    this.postExecute(commands, ({ context }) => {
      const { element } = context, before = names.get(context), label = english(element);
      if (label && label.get('of') === undefined && before !== (getBusinessObject(element).get('name') ?? '')) modeling.updateModdleProperties(element, label, { of: before });
    });
  }
}

export default { __init__: ['troikaNames'], troikaNames: ['type', Names] };
