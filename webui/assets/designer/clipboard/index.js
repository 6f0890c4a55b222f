// Copy, cut and paste by the clipboard of the machine: into another drawing, tab or browser, and Camunda's modeler, which writes the
// same text, but words of foreign products without their namespace: those are left out, and named. By the browser's own events: to ask for the clipboard (`navigator.clipboard`, as bpmn-js-native-copy-paste does) is a
// question to the person at each paste, and impossible on a site without https.
import { isCopy, isCut, isPaste } from 'diagram-js/lib/features/keyboard/KeyboardUtil';
import { t } from '../../shared/i18n.js';
import { toast } from '../../shared/toast.js';

const WRITTEN = 'bpmn-js-clip----', FIRST = 2_000;

class Clipboard {
  static $inject = ['bpmnjs', 'copyPaste', 'editorActions', 'eventBus', 'keyboard', 'moddle'];
  constructor(bpmnjs, copyPaste, editorActions, eventBus, keyboard, moddle) {
    Object.assign(this, { bpmnjs, copyPaste, editorActions, keyboard, moddle });
    // what a copy of bpmn-js leaves out: an attribute of ours called `default` (it means the one of a flow), words of foreign products
    eventBus.on('moddleCopy.canCopyProperty', FIRST, ({ parent, property, propertyName }) => {
      if (propertyName === 'default' && parent.$type?.startsWith('troika:')) return property;
      return property?.$descriptor?.isGeneric ? this.#again(property, parent) : undefined;
    });
    // the key is left to the browser, which makes a copy, cut or paste of it
    keyboard.addListener(FIRST, ({ keyEvent }) => isCopy(keyEvent) || isCut(keyEvent) || isPaste(keyEvent) ? false : undefined);
    const listeners = { copy: event => this.#take(event, 'copy'), cut: event => this.#take(event, 'cut'), paste: event => this.#put(event) };
    for (const [type, listener] of Object.entries(listeners)) document.addEventListener(type, listener);
    eventBus.on('diagram.destroy', () => { for (const [type, listener] of Object.entries(listeners)) document.removeEventListener(type, listener); });
  }

  #take(event, action) {
    if (document.activeElement !== this.keyboard.getBinding()) return;
    const tree = this.editorActions.trigger(action);
    if (!tree || !Object.keys(tree).length) return;
    event.clipboardData.setData('text/plain', WRITTEN + JSON.stringify(tree, named));
    event.preventDefault();
  }

  #put(event) {
    if (document.activeElement !== this.keyboard.getBinding()) return;
    event.preventDefault();
    const { tree, unknown } = this.#read(event.clipboardData.getData('text/plain'));
    if (!tree) {
      toast({ level: 'warning', text: t('The clipboard holds no part of a drawing.') });
      return;
    }
    if (unknown.length) toast({ level: 'warning', text: t('Left out, since this designer does not know it: {names}', { names: unknown.join(', ') }) });
    this.copyPaste.paste({ tree });
  }

  // what was copied, or no tree: any text may lie in the clipboard. unknown: types that were left out of it
  #read(text) {
    const unknown = new Set(), none = { tree: null, unknown: [] };
    if (!text.startsWith(WRITTEN)) return none;
    try {
      const tree = JSON.parse(text.slice(WRITTEN.length), this.#reviver(unknown)), parts = Object.values(tree).flat();
      if (!parts.some(({ businessObject, y }) => businessObject && Number.isFinite(y)) || !parts.every(drawn)) return none;
      for (const part of parts) if (part.referencedRootElement) part.referencedRootElement = this.#known(part.referencedRootElement);
      return { tree, unknown: [...unknown] };
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof TypeError) return none;
      throw error;
    }
  }

  // elements of the model again; one that stands in two places is one. What is left out leaves no hole
  #reviver(unknown) {
    const made = new Map();
    return (_, found) => {
      if (Array.isArray(found)) return found.filter(() => true);
      if (typeof found?.$type !== 'string') return found;
      const { $type: type, $uri: uri, ...properties } = found;
      if (uri) return this.moddle.createAny(type, uri, properties);
      if (made.has(found.id)) return made.get(found.id);
      if (!this.moddle.getTypeDescriptor(type)) {
        unknown.add(type);
        return undefined;
      }
      if (type === 'bpmn:ExtensionElements' && !properties.values?.length) return undefined;
      const element = this.moddle.create(type, properties);
      if (found.id) made.set(found.id, element);
      return element;
    };
  }

  #again(generic, parent) {
    const { $type: type, $children: children, ...properties } = generic;
    const made = this.moddle.createAny(type, generic.$descriptor.ns.uri, properties);
    if (children) made.$children = children.map(child => this.#again(child, made));
    return Object.assign(made, { $parent: parent });
  }

  // a message, error, signal or escalation that this drawing has too; another one of the same id gets an id of its own
  #known(element) {
    const same = this.bpmnjs.getDefinitions().get('rootElements').find(({ id }) => id === element.id);
    if (!same || JSON.stringify(same) === JSON.stringify(element)) return same ?? element;
    element.set('id', undefined);
    return element;
  }
}

// a name beside an element is drawn by what the element says
function drawn({ businessObject, labelTarget }) {
  return Boolean(businessObject || labelTarget);
}

// what no descriptor knows is written with its namespace
function named(_, found) {
  return found?.$descriptor?.isGeneric ? { ...found, $uri: found.$descriptor.ns.uri } : found;
}

export default { __init__: ['troikaClipboard'], troikaClipboard: ['type', Clipboard] };
