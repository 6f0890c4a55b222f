// esbuild plugin: form-js has no translate service, its words are literals in its bundles. While bundling, each literal of
// i18n/form_zh.json (the viewer) and i18n/form_builder_zh.json (the editor) is wrapped in globalThis.tkFormText(…), which
// shared/form_texts.js and forms/texts.js define. A text that the installed version no longer contains fails the build: the
// dictionary cannot rot. The bpmn.io mark is never touched.
import { readFileSync } from 'node:fs';

const VIEWER = texts('form_zh'), EDITOR = texts('form_builder_zh');

export const formTexts = () => ({
  name: 'form-texts',
  setup(build) {
    build.onLoad({ filter: /form-js-viewer\/dist\/index\.es\.js$/ }, ({ path }) => wrapped(path, 'form_zh', VIEWER, wrapLiteral));
    build.onLoad({ filter: /form-js-editor\/dist\/index\.es\.js$/ }, ({ path }) => withPanel(wrapped(path, 'form_builder_zh', EDITOR, wrapShown)));
  },
});

function wrapped(path, dictionary, known, wrap) {
  let contents = readFileSync(path, 'utf8');
  const stale = [];
  for (const text of known) {
    const before = contents;
    contents = text.includes('{') ? wrapTemplate(contents, text) : wrap(contents, text);
    if (contents === before) stale.push(text);
  }
  return { contents, loader: 'js', errors: stale.map(text => ({ text: `i18n/${dictionary}.json: form-js no longer says "${text}"` })) };
}

// its panel asks a translate() that it brings along itself
function withPanel({ contents, loader, errors }) {
  const asked = contents.replace(/(?<=function translateFallback\((\w+), \w+\) \{)/, '\n  $1 = globalThis.tkFormText($1);');
  return { contents: asked, loader, errors: asked === contents ? [...errors, { text: 'form_texts.mjs: the panel of form-js has another translate by now' }] : errors };
}

// shown texts only: not the names of components (in single quotes), key codes and comparisons
function wrapLiteral(source, text) {
  return source.replace(new RegExp(String.raw`(?<!\bname: |\blabel: (?=')|case |=== )(['"])${escaped(text)}\1(?!\s*:)`, 'g'),
    `globalThis.tkFormText(${JSON.stringify(text)})`);
}

// in the editor names are shown too; what it stores by default ("label": 'Column 1') and keys of objects stay
function wrapShown(source, text) {
  const written = escaped(text).replace(/'/g, String.raw`\\?'`);
  return source.replace(new RegExp(String.raw`(?<!"label": |case |=== )(['"])${written}\1(?:(?<=\? \1${written}\1)|(?!\s*:))`, 'g'), `globalThis.tkFormText(${JSON.stringify(text)})`);
}

// `Expand all (${n})`  ->  tkFormText("Expand all ({0})", [n])
function wrapTemplate(source, text) {
  const pattern = text.split(/\{\d\}/).map(escaped).join(String.raw`\$\{([^}]+)\}`);
  return source.replace(new RegExp('`' + pattern + '`', 'g'), (_, ...found) => `globalThis.tkFormText(${JSON.stringify(text)}, [${found.slice(0, -2)}])`);
}

function texts(name) {
  return Object.keys(JSON.parse(readFileSync(`i18n/${name}.json`, 'utf8')).inSource);
}

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
