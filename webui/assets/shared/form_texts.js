// Imported before form-js: the function that form_texts.mjs writes into it, and the words of its validator.
import { chinese, fill } from './i18n.js';
import { whileBusy } from './ready.js';

const words = chinese ? (await whileBusy(import('../i18n/form_zh.json'))).default : { inSource: {}, fromValidator: {} };
const messages = Object.entries(words.fromValidator).map(([text, translated]) => ({ pattern: pattern(text), translated }));

globalThis.tkFormText = (text, values = []) => fill(words.inSource[text] ?? text, values);

// The validator makes its messages itself: they are recognised by their shape. An own patternErrorMessage stays as it is.
export function message(text) {
  for (const { pattern, translated } of messages) {
    const found = pattern.exec(text);
    if (found) return fill(translated, found.slice(1));
  }
  return text;
}

function pattern(text) {
  return new RegExp(`^${text.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\d\}/g, '(.*?)')}$`);
}
