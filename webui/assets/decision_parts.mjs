// esbuild plugin: parts of dmn-js that cannot be replaced from outside. Its FEEL editor becomes ours, which completes what a cell
// may say; its choice of a type shows the word, not what is stored; columns are moved in the reader's language. A version that is written in another way fails the build.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const CHOICE = [['"value": value,\n      "id": id', '"value": label,\n      "id": id'], ['    this.onChange(value);\n  };\n  onOptionClick', '    this.onChange(this.props.options?.find(({ label }) => label === value)?.value ?? value);\n  };\n  onOptionClick']];
const MOVED = [['"title": title', '"title": this._translate(title)']];

export const decisionParts = () => ({
  name: 'decision-parts',
  setup(build) {
    build.onResolve({ filter: /^@bpmn-io\/feel-editor$/ }, ({ importer }) => (/dmn-js-shared/.test(importer) ? { path: resolve('decisions/feel_editor.js') } : undefined));
    build.onLoad({ filter: /dmn-js-shared\/lib\/components\/InputSelect\.js$/ }, ({ path }) => written(path, CHOICE));
    build.onLoad({ filter: /dmn-js-decision-table\/lib\/features\/drag-and-drop\/DragAndDrop\.js$/ }, ({ path }) => written(path, MOVED));
  },
});

function written(path, parts) {
  const source = readFileSync(path, 'utf8'), stale = parts.filter(([before]) => !source.includes(before));
  return { contents: parts.reduce((text, [before, after]) => text.replace(before, () => after), source), loader: 'js', errors: stale.map(([before]) => ({ text: `decision_parts.mjs: dmn-js no longer writes ${before}` })) };
}
