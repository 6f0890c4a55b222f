// Reading and writing extension elements. Everything that one edit needs is ONE command: one step of undo.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';

export function extension(element, type) {
  return getBusinessObject(element).get('extensionElements')?.get('values').find(value => is(value, type));
}

// `changes`: type -> properties to set, a function (found, make) -> properties, or null: remove the element.
// `which`: type -> test, where an element may stand several times; `own`: properties of the element itself
export function edit(injector, element, changes, which = {}, own = {}) {
  const factory = injector.get('bpmnFactory'), owner = getBusinessObject(element), commands = [];
  const put = (moddleElement, properties) => commands.push({ cmd: 'element.updateModdleProperties', context: { element, moddleElement, properties } });
  const make = (type, properties, parent) => Object.assign(factory.create(type, properties), { $parent: parent });

  let holder = owner.get('extensionElements');
  const before = holder?.get('values') ?? [];
  let values = before;
  if (!holder) holder = make('bpmn:ExtensionElements', { values: [] }, owner);
  for (const [type, change] of Object.entries(changes)) {
    const found = values.find(value => is(value, type) && (which[type]?.(value) ?? true));
    if (change === null) {
      values = values.filter(value => value !== found);
      continue;
    }
    const target = found ?? make(type, {}, holder);
    const properties = typeof change === 'function' ? change(target, (kind, content) => make(kind, content, target)) : change;
    if (found) put(target, properties);
    else {
      for (const [name, value] of Object.entries(properties)) if (value !== undefined) target.set(name, value);
      values = [...values, target];
    }
  }
  if (values !== before && (values.length !== before.length || values.some((value, index) => value !== before[index]))) {
    if (owner.get('extensionElements')) put(holder, { values });
    else {
      holder.set('values', values);
      put(owner, { extensionElements: holder });
    }
  }
  if (Object.keys(own).length) put(owner, own);
  if (commands.length) injector.get('commandStack').execute('properties-panel.multi-command-executor', commands);
}

// a list or one value, written as FEEL: = ["ann", "bob"]; and read back from FEEL or from Zeebe's "ann, bob"
export function listOf(text = '') {
  const body = text.replace(/^=\s*/, '').trim();
  if (!body) return [];
  if (!text.startsWith('=')) return body.split(',').map(part => part.trim()).filter(Boolean);
  const items = /^\[\s*((?:"[^"]*"\s*,?\s*)*)\]$/.exec(body);
  return items ? [...items[1].matchAll(/"([^"]*)"/g)].map(([, item]) => item) : null;       // null: an expression of another kind
}

export function asList(names) {
  return names.length ? `= [${names.map(name => `"${name}"`).join(', ')}]` : undefined;
}
