// The file in the editor: dmn-js, its rows of tests as an extension of each decision, and its views.
import Modeler from 'dmn-js/lib/Modeler';
import { colours } from '../shared/colours.js';
import Language from './language.js';

const TROIKA = {
  name: 'Troika', prefix: 'troika', uri: 'urn:troika:bpmn:1.0', xml: { tagAlias: 'lowerCase' },
  types: [
    { name: 'Tests', superClass: ['Element'], properties: [{ name: 'rows', isBody: true, type: 'String' }] },
    { name: 'Label', superClass: ['Element'], properties: [{ name: 'value', isAttr: true, type: 'String' }, { name: 'lang', isAttr: true, type: 'String' }, { name: 'text', isBody: true, type: 'String' }] },
  ],
};

// Gives the modeler and what it could not read and would lose at saving
export async function open({ container, xml, known, changed }) {
  const words = { additionalModules: [Language] }, texts = { additionalModules: [Language, known.module] };
  const modeler = new Modeler({
    container, height: '100%', moddleExtensions: { troika: TROIKA }, drd: { ...words, drdRenderer: colours() }, decisionTable: { additionalModules: [Language, known.module, known.columns] }, literalExpression: texts, boxedExpression: texts,
  });
  modeler.on('viewer.created', ({ viewer }) => viewer.on('commandStack.changed', ({ trigger }) => { if (trigger !== 'clear') changed(); }));
  modeler.on('import.parse.complete', ({ definitions }) => named(definitions));
  const { warnings } = await modeler.importXML(xml);
  return { modeler, unread: warnings.map(({ message }) => message) };
}

// dmn-js draws a cell anew by its id: one without would go on showing what it said before
function named(definitions) {
  const rules = definitions?.get('drgElement').flatMap(({ decisionLogic }) => decisionLogic?.$type === 'dmn:DecisionTable' ? decisionLogic.get('rule') : []) ?? [];
  for (const cell of rules.flatMap(rule => [...rule.get('inputEntry'), ...rule.get('outputEntry')])) cell.id ??= `cell_${crypto.randomUUID().slice(0, 13)}`;
}

const WRITTEN_MS = 320;

// An expression writes a moment after the last key, and stays with who types; other fields write when they are left
export async function currentXml(modeler, container) {
  const field = document.activeElement;
  if (field && container.contains(field)) {
    const stays = field.classList.contains('cm-content');
    if (!stays) field.blur();
    await new Promise(done => setTimeout(done, WRITTEN_MS));
    if (!stays && field.isConnected) field.focus({ preventScroll: true });
  }
  return (await modeler.saveXML({ format: true })).xml;
}

// the label of a column in the language of the page, where the file has it beside its own
export function labelOf(modeler, id) {
  const clauses = modeler.getDefinitions().get('drgElement').flatMap(({ decisionLogic: table }) => (table?.$type === 'dmn:DecisionTable' ? [...table.get('input'), ...table.get('output')] : []));
  const labels = clauses.find(clause => clause.id === id)?.extensionElements?.get('values') ?? [];
  return labels.find(({ $type, value, lang = '' }) => $type === 'troika:Label' && value === undefined && lang && document.documentElement.lang.startsWith(lang))?.text;
}

export function testsOf(modeler, id) {
  try {
    const rows = JSON.parse(extension(modeler, id)?.rows ?? '[]');
    return Array.isArray(rows) ? rows.filter(row => row && typeof row === 'object') : [];
  } catch {
    return [];
  }
}

export function keepTests(modeler, id, rows) {
  const decision = elementOf(modeler, id);
  if (!decision) return;
  const filled = rows.filter(row => Object.keys(row).length);
  const kept = extension(modeler, id);
  if (kept) kept.rows = JSON.stringify(filled);
  else if (filled.length) {
    const moddle = decision.$model;
    decision.extensionElements ??= Object.assign(moddle.create('dmn:ExtensionElements', { values: [] }), { $parent: decision });
    const tests = moddle.create('troika:Tests', { rows: JSON.stringify(filled) });
    tests.$parent = decision.extensionElements;
    decision.extensionElements.get('values').push(tests);
  }
}

function elementOf(modeler, id) {
  return modeler.getDefinitions().get('drgElement').find(element => element.id === id);
}

function extension(modeler, id) {
  return elementOf(modeler, id)?.extensionElements?.get('values').find(({ $type }) => $type === 'troika:Tests');
}
