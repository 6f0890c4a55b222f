// An English name that was written for another Chinese one says so (`of`), until somebody has read it again; both in one step
// of undo with the renaming. Who writes on the canvas writes what is shown there: the name, or the label in his language.
import CommandInterceptor from 'diagram-js/lib/command/CommandInterceptor';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { labelsOf } from '../../shared/shown_names.js';
import { edit } from '../extensions.js';

export function english(element) {
  return labelsOf(element).find(label => label.get('lang') === 'en');
}

// text: empty takes the label away
export function writeLabel(injector, element, lang, text) {
  change(injector, element, lang, text ? { lang, text, of: undefined } : null);
}

export function stillFits(injector, element) {
  change(injector, element, 'en', { of: undefined });
}

function change(injector, element, lang, label) {
  edit(injector, element, { 'troika:Label': label }, { 'troika:Label': value => value.get('lang') === lang });
}

// the name for which the English one was written, if it is another one now
export function writtenFor(element) {
  const of = english(element)?.get('of');
  return of && of !== (getBusinessObject(element).get('name') ?? '') ? of : undefined;
}

class Names extends CommandInterceptor {
  static $inject = ['eventBus', 'injector', 'labelEditingProvider', 'modeling', 'troikaShownNames'];
  constructor(eventBus, injector, labelEditing, modeling, shown) {
    super(eventBus);
    writeWhatIsShown(labelEditing, shown, injector);
    const names = new WeakMap();      // one command may run within another
    const commands = ['element.updateProperties', 'element.updateLabel'];
    this.preExecute(commands, ({ context }) => { names.set(context, getBusinessObject(context.element).get('name') ?? ''); });
    this.postExecute(commands, ({ context }) => {
      const { element } = context, before = names.get(context), label = english(element);
      if (before && label && label.get('of') === undefined && before !== (getBusinessObject(element).get('name') ?? '')) modeling.updateModdleProperties(element, label, { of: before });
    });
  }
}

function writeWhatIsShown(labelEditing, shown, injector) {
  const activate = labelEditing.activate.bind(labelEditing), update = labelEditing.update.bind(labelEditing);
  labelEditing.activate = element => {
    const context = activate(element);
    return context && shown.label(element) ? { ...context, text: shown.of(element) } : context;
  };
  labelEditing.update = (element, text, ...more) => {
    if (!shown.label(element)) update(element, text, ...more);
    else if (text !== shown.of(element)) writeLabel(injector, element.labelTarget ?? element, shown.language, text.trim());
  };
}

export default { __init__: ['troikaNames'], troikaNames: ['type', Names] };
