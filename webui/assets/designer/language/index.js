// `translate` of bpmn-js: the public dictionaries under our own. What none of them knows is kept in `missing` for the tests.
import { chinese, fill } from '../../shared/i18n.js';
import { whileBusy } from '../../shared/ready.js';

const words = chinese ? Object.assign({}, ...await whileBusy(Promise.all([
  import('bpmn-js-i18n/translations/zn.js').then(module => module.default),
  import('bpmn-js-i18n-zh/lib/bpmn-js/index.js').then(module => module.default),
  import('bpmn-js-i18n-zh/lib/properties-panel/index.js').then(module => module.default),
  import('bpmn-js-i18n-zh/lib/zeebe-properties-panel/index.js').then(module => module.default),
  import('../../i18n/designer_zh.json').then(module => module.default),
  import('../../i18n/zh.json').then(module => module.default),
]))) : null;

export const missing = new Set();

function translate(text, values = {}) {
  if (words && !(text in words)) missing.add(text);
  return fill(words?.[text] ?? text, values);
}

globalThis.tkPanelText = text => words?.[text] ?? text;      // asked for by parts of the panel (bpmn_parts.mjs)

export default { translate: ['value', translate] };
