// The modeler with everything that belongs to our designer.
import Modeler from 'bpmn-js/lib/Modeler';
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, ZeebePropertiesProviderModule } from 'bpmn-js-properties-panel';
import { CreateAppendAnythingModule } from 'bpmn-js-create-append-anything';
import ColorPicker from 'bpmn-js-color-picker';
import Behaviors from 'camunda-bpmn-js-behaviors/lib/camunda-cloud';
import Grid from 'diagram-js-grid';
import Minimap from 'diagram-js-minimap';
import { colours } from '../shared/colours.js';
import { fingers } from '../shared/fingers.js';
import { fit } from '../shared/fit.js';
import { t } from '../shared/i18n.js';
import ShownNames from '../shared/shown_names.js';
import TemplateIcon from '../shared/template_icon.js';
import { moddleExtensions } from '../shared/vocabulary.js';
import Binding from './binding/index.js';
import Catalogue from './catalogue/index.js';
import Clipboard from './clipboard/index.js';
import Conditions from './conditions/index.js';
import Findings from './findings/index.js';
import Fixes from './fixes/index.js';
import Language from './language/index.js';
import Names from './names/index.js';
import Offer from './offer/index.js';
import Operations from './operations/index.js';
import Panel from './panel/index.js';
import Placing from './placing/index.js';
import Play from './play/index.js';
import Repaint from './repaint/index.js';
import Search from './search/index.js';
import Templates from './templates/index.js';
import Steps from './steps/index.js';
import Variables from './variables/index.js';

const PALETTE_PX = 110, READABLE = 0.8, FIRST = 5000, LONGEST_DRAG_MS = 10_000;
const texts = new WeakMap();      // modeler -> promise of its drawing as a file, since it was changed last

// canvas, panel: elements of the page. Gives the modeler and what it could not read and would lose at saving; rejects when
// nothing can be read
export async function open({ canvas, panel, xml, catalogue }) {
  const modeler = new Modeler({
    container: canvas, propertiesPanel: { parent: panel }, moddleExtensions, bpmnRenderer: colours(), catalogue,
    popupMenu: { defaultTab: { id: 'tk-elements', label: t('Elements') } },
    additionalModules: [
      BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, ZeebePropertiesProviderModule, Behaviors, CreateAppendAnythingModule,
      ColorPicker, Grid, Minimap, Language, Catalogue, Variables, Steps, Conditions, Panel, Offer, Binding, Findings, Fixes, Play,
      Operations, Names, Search, Clipboard, Placing, Templates, TemplateIcon, ShownNames, Repaint,
    ],
  });
  modeler.on('saveXML.serialized', ({ xml: written }) => kept(written));
  modeler.on(['elements.changed', 'commandStack.changed', 'import.done'], FIRST, () => { texts.delete(modeler); });
  const { warnings } = await modeler.importXML(xml);
  begin(modeler);
  fingers(modeler);
  return { modeler, unread: warnings.map(({ message }) => message) };
}

// The whole drawing if its texts can be read then, else where it starts
function begin(modeler) {
  fit(modeler, PALETTE_PX, { readable: READABLE, focus: modeler.get('elementRegistry').find(({ type }) => type === 'bpmn:StartEvent') });
}

// a carriage return in a name is written as it is, and whoever reads that takes it for a space
function kept(xml) {
  return xml.replace(/<!\[CDATA\[[\s\S]*?\]\]>|\r/g, found => (found === '\r' ? '&#13;' : found));
}

// The drawing as it stands, without leaving the field that is typed in; written once for all who ask before it changes again
export async function glance(modeler) {
  await still(modeler);
  if (!texts.has(modeler)) texts.set(modeler, modeler.saveXML({ format: true }));
  try {
    return (await texts.get(modeler)).xml;
  } catch (error) {
    texts.delete(modeler);
    throw error;
  }
}

// Whoever drags something has the browser to himself, unless he has left it hanging and gone away
async function still(modeler) {
  if (!modeler.get('dragging').context()?.active) return;
  const ended = new Promise(done => modeler.get('eventBus').once('drag.cleanup', () => { setTimeout(done); }));
  await Promise.race([ended, new Promise(done => setTimeout(done, LONGEST_DRAG_MS))]);
}

// The panel writes 300 ms after the last key: tell the field that it is left and let it write, else the last letters are lost.
// It is not left: a draft saves itself while somebody is typing
export async function currentXml(modeler) {
  const field = document.activeElement;
  if (field?.closest('.bio-properties-panel')) {
    for (const type of ['blur', 'focusout']) field.dispatchEvent(new FocusEvent(type, { bubbles: type === 'focusout' }));
    await new Promise(done => setTimeout(done, 320));
  }
  await modeler.get('troikaConditions').settled();
  return glance(modeler);
}
