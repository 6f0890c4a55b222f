// Words of our own scripts. The English text is the key; Chinese is a chunk that only Chinese pages load.
import { whileBusy } from './ready.js';

export const chinese = document.documentElement.lang.startsWith('zh');

const words = chinese ? (await whileBusy(import('../i18n/zh.json'))).default : {};

export function t(text, values = {}) {
  return fill(words[text] ?? text, values);
}

export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (slot, name) => values[name] ?? slot);
}
