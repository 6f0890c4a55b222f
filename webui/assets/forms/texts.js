// Imported before the editor of form-js: Chinese for its palette and panel, which form_texts.mjs has wrapped.
import '../shared/form_texts.js';
import { chinese, fill } from '../shared/i18n.js';
import { whileBusy } from '../shared/ready.js';

const { inSource, panel, names } = chinese ? (await whileBusy(import('../i18n/form_builder_zh.json'))).default : { inSource: {}, panel: {}, names: {} };
const viewer = globalThis.tkFormText;

globalThis.tkFormText = (text, values = []) => {
  const known = inSource[text] ?? panel[text];
  return known === undefined ? viewer(text, values) : fill(known, values);
};

// of a kind of component, and of the choices that the editor takes from the viewer
export const named = text => names[text] ?? text;
