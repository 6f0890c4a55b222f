// esbuild plugin: form-js has no translate service, its words are literals in its bundle. While bundling, each literal of
// i18n/form_zh.json is wrapped in globalThis.tkFormText(…), which shared/form_texts.js defines. A text that the installed
// version no longer contains fails the build: the dictionary cannot rot. The bpmn.io mark is never touched.
import { readFileSync } from 'node:fs';

const TEXTS = Object.keys(JSON.parse(readFileSync('i18n/form_zh.json', 'utf8')).inSource);

export const formTexts = () => ({
  name: 'form-texts',
  setup(build) {
    build.onLoad({ filter: /form-js-viewer\/dist\/index\.es\.js$/ }, ({ path }) => {
      let contents = readFileSync(path, 'utf8');
      const stale = [];
      for (const text of TEXTS) {
        const before = contents;
        contents = text.includes('{0}') ? wrapTemplate(contents, text) : wrapLiteral(contents, text);
        if (contents === before) stale.push(text);
      }
      return { contents, loader: 'js', errors: stale.map(text => ({ text: `i18n/form_zh.json: form-js no longer says "${text}"` })) };
    });
  },
});

// shown texts only: not the names of components (in single quotes), key codes and comparisons
function wrapLiteral(source, text) {
  return source.replace(new RegExp(String.raw`(?<!\bname: |\blabel: (?=')|case |=== )(['"])${escaped(text)}\1(?!\s*:)`, 'g'),
    `globalThis.tkFormText(${JSON.stringify(text)})`);
}

// `Expand all (${n})`  ->  tkFormText("Expand all ({0})", [n])
function wrapTemplate(source, text) {
  const pattern = text.split('{0}').map(escaped).join(String.raw`\$\{([^}]+)\}`);
  return source.replace(new RegExp('`' + pattern + '`', 'g'), (_, value) => `globalThis.tkFormText(${JSON.stringify(text)}, [${value}])`);
}

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
