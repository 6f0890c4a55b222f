// `translate` of dmn-js. What the dictionary does not know is kept in `missing` for the tests.
import { chinese, fill } from '../shared/i18n.js';
import { whileBusy } from '../shared/ready.js';

const words = chinese ? (await whileBusy(import('../i18n/decisions_zh.json'))).default : null;

export const missing = new Set();

function translate(text, values = {}) {
  if (words && text && !(text in words)) missing.add(text);
  return fill(words?.[text] ?? text, values).replace(/\{ (\w+) \}/g, (slot, name) => values[name] ?? slot);
}

// of a type or a value of FEEL
export const word = text => words?.[text] ?? text;

export default { translate: ['value', translate] };
