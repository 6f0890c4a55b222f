// The search of bpmn-js finds names in all languages. Its fields and those of the menus listen to keys alone: what an input
// method writes when 财务 is chosen by the mouse they did not see, and the Enter that ends the pinyin they took for "this one".
import { getLabel, isLabel } from 'bpmn-js/lib/util/LabelUtil';
import { t } from '../../shared/i18n.js';
import { labelsOf } from '../../shared/shown_names.js';

globalThis.tkFound = count => t('{count} found', { count });      // asked for by the menus (menu_texts.mjs)

const FIELDS = '.djs-search-input input, .djs-popup input';

class Search {
  static $inject = ['canvas', 'elementRegistry', 'eventBus', 'search', 'searchPad', 'troikaShownNames'];
  constructor(canvas, elementRegistry, eventBus, search, searchPad, names) {
    Object.assign(this, { canvas, elementRegistry, search, names });
    searchPad.registerProvider(this);
    typing(eventBus);
  }

  find(pattern) {
    const roots = this.canvas.getRootElements();
    const items = this.elementRegistry.filter(element => !isLabel(element) && !roots.includes(element))
      .map(element => ({ element, ...this.#named(element), id: element.id }));
    return this.search(items, pattern, { keys: ['label', 'other', 'id'] }).map(({ item, tokens }) => ({
      element: item.element, primaryTokens: item.other ? [...tokens.label, { value: ' · ' }, ...tokens.other] : tokens.label, secondaryTokens: tokens.id,
    }));
  }

  // what is shown, and what it is called besides
  #named(element) {
    const label = this.names.of(element), all = [getLabel(element), ...labelsOf(element).map(other => other.get('text'))];
    return { label, other: all.filter(name => name && name !== label).join(' · ') };
  }
}

function typing(eventBus) {
  let composing = false;
  const field = event => event.target.matches?.(FIELDS);
  const listeners = {
    keydown: event => { composing = event.isComposing || event.keyCode === 229; if (composing && field(event)) event.stopPropagation(); },
    keyup: event => { if (composing && event.isTrusted && field(event)) event.stopPropagation(); },
    input: event => { if (field(event)) event.target.dispatchEvent(new KeyboardEvent('keyup', { bubbles: true })); },
  };
  for (const [type, listener] of Object.entries(listeners)) document.addEventListener(type, listener, true);
  eventBus.on('diagram.destroy', () => { for (const [type, listener] of Object.entries(listeners)) document.removeEventListener(type, listener, true); });
}

export default { __init__: ['troikaSearch'], troikaSearch: ['type', Search] };
