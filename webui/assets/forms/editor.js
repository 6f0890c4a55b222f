// The editor of form-js with our kinds and panel; a component is added by drag, by Enter and by a click.
import './texts.js';
import { FormEditor } from '@bpmn-io/form-js-editor';
import { icon, kinds, presets, unknown } from './kinds.js';
import { panel } from './panel.js';
import { h, options, render } from 'preact';

export async function open({ container, palette, properties, schema, offers, changed }) {
  leaveFocusIn(properties);
  const editor = new FormEditor({
    container, palette: { parent: palette }, propertiesPanel: { parent: properties }, additionalModules: [kinds, panel(offers)],
    slots: { 'editor-palette__footer': host => offerPresets(host, () => editor) },
  });
  unknown(editor.get('formFields'), schema);
  await editor.importSchema(schema);
  editor.on('commandStack.changed', ({ trigger }) => { if (trigger !== 'clear') changed(); });
  palette.addEventListener('click', ({ target, detail }) => {
    const type = target.closest('[data-field-type]')?.dataset.fieldType;
    if (type && detail) add(editor, { type });      // Enter, which form-js answers itself, is a click without a count
  });
  return editor;
}

export function add(editor, field) {
  const { schema } = editor._getState();
  editor.get('modeling').addFormField(field, schema, schema.components.length);
}

// as it is stored: what `before` said that the editor does not know stays, the version of its format too
export function content(editor, before) {
  const { schemaVersion, ...schema } = editor.getSchema();
  const plain = { ...schema, ...(before.schemaVersion !== undefined && { schemaVersion: before.schemaVersion }), components: alone(schema.components, before.components) };
  return `${JSON.stringify(plain, null, 2)}\n`;
}

// form-js gives every field a row of its own name as soon as one is added or moved; a field that is alone in its row needs none
function alone(components, before = []) {
  const inRow = components.map(({ layout }) => layout?.row);
  return components.map(component => {
    const { layout, ...plain } = component, old = before.find(({ id }) => id === component.id);
    const said = old?.layout || layout?.columns || inRow.filter(row => row === layout?.row).length > 1;
    const kept = layout && said ? component : plain;
    return kept.components ? { ...kept, components: alone(kept.components, old?.components) } : kept;
  });
}

// A field writes when it is left, some 300 ms after the last key: leave it, else the last letters are lost
export async function flush(...hosts) {
  const field = document.activeElement;
  if (!field || !hosts.some(host => host.contains(field))) return;
  field.blur();
  await new Promise(done => setTimeout(done, 320));
  if (field.isConnected) field.focus({ preventScroll: true });
}

// form-js gives the focus to the chosen field of the canvas whenever that field changes, from under whoever types its properties or tries the preview
function leaveFocusIn(properties) {
  const before = options.vnode;
  options.vnode = vnode => {
    const { type, ref, props } = vnode;
    if (type === 'div' && ref && typeof ref === 'object' && /\bfjs-element\b/.test(props.class)) vnode.ref = element => { ref.current = element && guarded(element, properties); };
    before?.(vnode);
  };
}

function guarded(element, properties) {
  element.focus = how => { if (!properties.contains(document.activeElement) && document.activeElement?.tagName !== 'IFRAME') HTMLElement.prototype.focus.call(element, how); };
  return element;
}

function offerPresets(host, editor) {
  render(h('div', { class: 'fjs-palette-fields' }, presets().map(({ id, name, stored, path }) => h('button', {
    key: id, type: 'button', class: 'fjs-palette-field', 'data-preset': id, onClick: () => add(editor(), stored),
  }, h(icon(path), { class: 'fjs-palette-field-icon', width: 36, height: 36 }), h('span', { class: 'fjs-palette-field-text' }, name)))), host);
  return () => render(null, host);
}
