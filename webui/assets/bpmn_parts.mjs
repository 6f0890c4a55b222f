// esbuild plugin: parts of bpmn-js that cannot be replaced from outside. The header of the panel and the way back out of a subprocess
// ask for names in the reader's language; parts of the panel that are given no translate ask globalThis.tkPanelText, which
// designer/language.js defines. A version that is written in another way fails the build.
import { readFileSync } from 'node:fs';

const HEADER = [[
  "if (is(element, 'bpmn:Process')) {\n        return getBusinessObject(element).name;\n      }\n      return getLabel(element);",
  "return useService('troikaShownNames').of(element);",
]];
const CRUMBS = [
  ['DrilldownBreadcrumbs(eventBus, elementRegistry, canvas) {', 'DrilldownBreadcrumbs(eventBus, elementRegistry, canvas, injector) {'],
  ["$inject = [ 'eventBus', 'elementRegistry', 'canvas' ]", "$inject = [ 'eventBus', 'elementRegistry', 'canvas', 'injector' ]"],
  ['parent.name || parent.id', "injector.get('troikaShownNames').of({ businessObject: parent }) || parent.id"],
];

const SAID = [['function translateFallback(template, replacements) {', 'function translateFallback(template, replacements) {\n  template = globalThis.tkPanelText?.(template) ?? template;']];

export const bpmnParts = () => ({
  name: 'bpmn-parts',
  setup(build) {
    build.onLoad({ filter: /bpmn-js-properties-panel\/dist\/index\.esm\.js$/ }, ({ path }) => written(path, HEADER));
    build.onLoad({ filter: /@bpmn-io\/properties-panel\/dist\/index\.esm\.js$/ }, ({ path }) => written(path, SAID));
    build.onLoad({ filter: /bpmn-js\/lib\/features\/drilldown\/DrilldownBreadcrumbs\.js$/ }, ({ path }) => written(path, CRUMBS));
  },
});

function written(path, parts) {
  const source = readFileSync(path, 'utf8'), stale = parts.filter(([before]) => !source.includes(before));
  return {
    contents: parts.reduce((text, [before, after]) => text.replace(before, () => after), source), loader: 'js',
    errors: stale.map(([before]) => ({ text: `bpmn_parts.mjs: bpmn-js no longer writes ${before}` })),
  };
}
