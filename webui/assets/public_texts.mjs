// Prints, as JSON, the texts that the public packages in our bundles can show, and the Chinese of each page:
// {page: {shown: [text], known: {text: Chinese}}}. bpmn-js and dmn-js ask a `translate`, form-js has its words in the code
// (form_texts.mjs); which of their files are in the bundle, esbuild says. Usage: node public_texts.mjs   (a test fails on a text that is shown and not known)
import * as esbuild from 'esbuild';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const PAGES = { designer: designerWords, decisions: () => own('decisions_zh'), form: () => own('form_zh').inSource, form_builder: formBuilderWords };
const STRING = String.raw`(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)")`;
const ASKED = new RegExp(String.raw`(?<!')\b_?translate\w*\(\s*${STRING}\s*[,)]`, 'g');       // not: 'translate(' + x + ')' of SVG
// what is asked for by name: translate(entry.label)
const NAMED = new RegExp(String.raw`\b(?:label|explanation|description): ${STRING}`, 'g');
const BY_NAME = /\b_?translate\w*\(\s*[\w$.]*\b(?:label|explanation|description)\b/i;
// asked for with a constant
const CONSTANT = new RegExp(String.raw`\b[A-Z][A-Z_]*(?:_LABEL|_ERR_MSG|_MESSAGE) = ${STRING}`, 'g');
// one file holds the panels of two products: this one is not ours
const OTHER_PANEL = /^class CamundaPlatformPropertiesProvider/m, OURS_ENDS = "zeebePropertiesProvider: ['type', ZeebePropertiesProvider]";
const HELP_BEGINS = 'const TooltipProvider$1 = {', OTHER_HELP_BEGINS = 'const TooltipProvider = {';
// form-js: what it writes between and into tags. Not: the mark, the star, pages of other hosts (a form with one is refused)
const WRITTEN = /(?<![\w$])(?:children|title|placeholder|text|'aria-label'|"aria-label"|ariaLabel): (?:"([^"\\\n]+)"|'([^'\\\n]+)'|`([^`]+)`)/g;
const NOT_OURS = new Set(['bpmn.io', 'Powered by bpmn.io', "External content couldn't be loaded."]);
// its editor: what stands where a text is shown, what its panel asks, the names of the kinds; not: keys, data of examples, what
// concerns components that the engine refuses (a page of another host) or another product
const IN_EDITOR = /(?<![\w$])(?:(?:label|title|placeholder|text|tooltip|description|children|closeButtonTooltip): ?|return |\? |: |children: \[|\}\), )(?:"([^"\\\n]+)"|'((?:[^'\\\n]|\\.)+)'|`([^`]+)`)/g;
const KINDS = /\.config = \{[^}]*?\b(?:name|label): '([^']+)'/g;
const NOT_IN_FORMS = /iframe|iFrame|incur security risks|Camunda|X-FRAME|HTTPS URL|the URL is safe|^(?:Security attributes|MDN|Learn more in|URL$|Escape$|Backspace$|Add$|Subtract$|Html$)|<|\bM\d|^\w+(?:\[|\()|^Document\.pdf$/;
// put together while they are shown
const MADE = {
  designer: [
    'List contains {numOfItems} item', 'List contains {numOfItems} items', 'Click to set a dynamic value with FEEL expression',
    'Click to remove dynamic value with FEEL expression', ...['left', 'center', 'right', 'top', 'middle', 'bottom'].map(side => `Align elements ${side}`),
    'Start: {type}', 'End: {type}', 'Creating', 'Assigning', 'Updating', 'Completing', 'Canceling',
  ],
  decisions: ['Move Input', 'Move Output'], form: [], form_builder: [],
};

const told = {};
let current = null;
for (const [page, words] of Object.entries(PAGES)) {
  current = page;
  const shown = new Set(MADE[page]);
  for (const file of await bundled(page)) for (const text of texts(readFileSync(file, 'utf8'), file)) shown.add(text);
  told[page] = { shown: [...shown].sort(), known: await words() };
}
process.stdout.write(JSON.stringify(told));

async function bundled(page) {
  const { metafile: { outputs } } = await esbuild.build({
    entryPoints: [`pages/${page}.js`], outdir: 'nowhere', bundle: true, splitting: true, format: 'esm', minify: true, metafile: true, write: false,
    target: ['es2022'], logLevel: 'error', loader: { '.woff': 'empty', '.woff2': 'empty', '.ttf': 'empty', '.eot': 'empty', '.svg': 'empty' },
  });
  const inputs = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs));
  return new Set(inputs.filter(([file, { bytesInOutput }]) => bytesInOutput && /^node_modules\/.*\.js$/.test(file) && !file.includes('i18n')).map(([file]) => file));
}

function texts(whole, file) {
  if (file.includes('form-js-editor')) return inEditor(whole);
  if (file.includes('form-js-viewer')) return [...written(whole), ...[...whole.matchAll(KINDS)].filter(() => current === 'form_builder').map(([, name]) => name)].filter(text => !NOT_IN_FORMS.test(text));
  const source = file.includes('bpmn-js-properties-panel') ? withoutOtherPanel(whole, file) : whole;
  const found = [...source.matchAll(ASKED)];
  if (found.length || BY_NAME.test(source)) found.push(...source.matchAll(CONSTANT));
  if (BY_NAME.test(source) || /Options\.js$/.test(file)) found.push(...source.matchAll(NAMED));
  return found.map(match => unescaped(match[1] ?? match[2])).filter(text => /[A-Za-z]/.test(text));
}

function inEditor(source) {
  const found = [...source.matchAll(IN_EDITOR)].map(match => numbered(unescaped(match[1] ?? match[2] ?? match[3])));
  const asked = [...source.matchAll(ASKED)].map(match => match[1] ?? match[2]);
  return [...found, ...asked].filter(text => /^[A-Z][a-z].*[a-z.'}]$/.test(text) && !NOT_IN_FORMS.test(text));
}

function numbered(text) {
  let count = 0;
  return text.replace(/\$\{[^}]*\}/g, () => `{${text.startsWith('Create ') ? count++ : 0}}`);
}

function written(source) {
  const found = [...source.matchAll(WRITTEN)].map(match => match[1] ?? match[2] ?? match[3].replace(/\$\{[^}]*\}/g, '{0}'));
  return found.filter(text => /^[A-Z]/.test(text) && !NOT_OURS.has(text));
}

function withoutOtherPanel(source, file) {
  const [end, help, otherHelp] = [OURS_ENDS, HELP_BEGINS, OTHER_HELP_BEGINS].map(mark => source.indexOf(mark));
  if (!(0 < end && end < source.search(OTHER_PANEL) && source.search(OTHER_PANEL) < help && help < otherHelp)) {
    throw new Error(`${file}: expected our panel, the other one, our help, other help in this order; look at what changed and set the marks in public_texts.mjs`);
  }
  return source.slice(0, end) + source.slice(help, otherHelp);
}

function unescaped(text) {
  return text.replace(/\\n/g, '\n').replace(/\\(.)/g, '$1');
}

async function designerWords() {
  const dictionaries = [
    'bpmn-js-i18n/translations/zn.js', 'bpmn-js-i18n-zh/lib/bpmn-js/index.js', 'bpmn-js-i18n-zh/lib/properties-panel/index.js',
    'bpmn-js-i18n-zh/lib/zeebe-properties-panel/index.js',
  ];
  const read = await Promise.all(dictionaries.map(name => import(pathToFileURL(`node_modules/${name}`))));
  return Object.assign({}, ...read.map(module => module.default), own('designer_zh'), own('zh'));
}

function formBuilderWords() {
  const { inSource, panel, names } = own('form_builder_zh');
  return { ...own('form_zh').inSource, ...inSource, ...panel, ...names };
}

function own(name) {
  return JSON.parse(readFileSync(`i18n/${name}.json`, 'utf8'));
}
