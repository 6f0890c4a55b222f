// Builds each pages/<entry>.js with esbuild: ES modules with shared chunks and hashed names, a manifest for the templates,
// the icons that templates name, compressed copies, and a gzip budget per entry that fails the build when it is passed.
// Usage: node build.mjs icon,icon,…   (webui/node.py collects the names)
import * as esbuild from 'esbuild';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { bpmnParts } from './bpmn_parts.mjs';
import { decisionParts } from './decision_parts.mjs';
import { formTexts } from './form_texts.mjs';
import { menuTexts } from './menu_texts.mjs';
import { tablerCss } from './tabler_css.mjs';

// KB gzip of an entry together with the chunks that it needs at once
const BUDGET = {
  js: { app: 30, inbox: 25, designer: 680, viewer: 80, form: 175, people: 25, signature: 5, decisions: 360, simple: 70, gallery: 1, form_builder: 400, form_preview: 2, form_fields: 4 },
  css: { app: 72, inbox: 0, designer: 16, viewer: 6, form: 14, people: 5, signature: 1, decisions: 14, simple: 6, gallery: 2, form_builder: 24, form_preview: 1, form_fields: 1 },
};
const LIVE = '../static/build', FRESH = `${LIVE}.new`, OLD = `${LIVE}.old`;
const ICONS = (process.argv[2] ?? '').split(',').filter(Boolean);

rmSync(FRESH, { recursive: true, force: true });
const entries = readdirSync('pages').filter(name => name.endsWith('.js'));
const { metafile: { outputs } } = await esbuild.build({
  entryPoints: Object.fromEntries(entries.map(name => [basename(name, '.js'), `pages/${name}`])),
  outdir: FRESH, bundle: true, splitting: true, format: 'esm', minify: true, metafile: true, target: ['es2022'],
  entryNames: '[name]-[hash]', chunkNames: 'chunk/[name]-[hash]', assetNames: 'asset/[name]-[hash]',
  legalComments: 'linked', logLevel: 'warning',
  loader: { '.woff': 'file', '.woff2': 'file', '.ttf': 'file', '.eot': 'file', '.svg': 'file' },
  plugins: [bpmnParts(), formTexts(), menuTexts(), decisionParts(), tablerCss()],
}).catch(() => process.exit(1));

const manifest = {}, tooBig = [];
for (const [file, output] of Object.entries(outputs).filter(([, { entryPoint }]) => entryPoint?.startsWith('pages/'))) {
  const name = basename(output.entryPoint, '.js'), needed = staticImports(file);
  const size = { js: gzipped(needed), css: gzipped(output.cssBundle ? [output.cssBundle] : []) };
  manifest[name] = {
    js: url(file), css: output.cssBundle ? url(output.cssBundle) : null, preload: needed.slice(1).map(url), gzipKb: size,
  };
  for (const kind of ['js', 'css']) {
    const budget = BUDGET[kind][name];
    if (budget === undefined) tooBig.push(`${name}: no ${kind} budget is set in build.mjs`);
    else if (size[kind] > budget) tooBig.push(`${name}: ${size[kind]} KB of ${kind} gzip, budget ${budget} KB`);
  }
}
if (tooBig.length) fail(`bundle over budget\n  ${tooBig.join('\n  ')}`);

for (const file of Object.keys(outputs).filter(path => /\.(js|css|svg)$/.test(path))) {
  const bytes = readFileSync(file);
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
}
writeFileSync(`${FRESH}/manifest.json`, JSON.stringify(manifest, null, 1));
writeFileSync(`${FRESH}/icons.json`, JSON.stringify(Object.fromEntries(ICONS.map(name => [name, icon(name)])), null, 1));

// two renames: no page ever sees half a build
rmSync(OLD, { recursive: true, force: true });
if (existsSync(LIVE)) renameSync(LIVE, OLD);
renameSync(FRESH, LIVE);
rmSync(OLD, { recursive: true, force: true });

function staticImports(file, seen = new Set()) {
  if (seen.has(file)) return [];
  seen.add(file);
  for (const part of outputs[file].imports) {
    if (part.kind === 'import-statement' && outputs[part.path]) staticImports(part.path, seen);
  }
  return [...seen];
}

function gzipped(files) {
  return Math.round(files.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0) / 1024);
}

function url(file) {
  return file.slice(FRESH.length + 1);
}

function icon(name) {
  const file = `node_modules/@tabler/icons/icons/outline/${name}.svg`;
  if (!existsSync(file)) fail(`a template names the icon '${name}', but @tabler/icons has no outline icon of that name`);
  return readFileSync(file, 'utf8').replace(/<!--[\s\S]*?-->/g, '').match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1].replace(/\s+/g, ' ').trim();
}

function fail(text) {
  console.error(text);
  process.exit(1);
}
