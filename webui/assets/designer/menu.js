// The menu of the head, and the keys that concern the whole canvas: search, files to take along, list of keys.
import { t } from '../shared/i18n.js';
import { toast } from '../shared/toast.js';
import { fit } from '../shared/fit.js';

const $ = id => document.getElementById(id);
const MARGIN_PX = 110;

// key: id of the process; xml(): the drawing now; onNames(): names of another language are shown
export function menu(modeler, { key, xml, onNames }) {
  const onCanvas = () => [document.body, modeler.get('keyboard').getBinding()].includes(document.activeElement);
  const find = () => requestAnimationFrame(() => modeler.get('searchPad').open());      // after the click, which would close it
  const keys = () => $('keys').showModal();
  $('more').addEventListener('click', async ({ target }) => {
    const { kind, act } = target.closest('button')?.dataset ?? {};
    if (!kind && !act) return;
    $('more').open = false;
    if (act === 'find') find();
    if (act === 'map') modeler.get('minimap').toggle();
    if (act === 'keys') keys();
    if (act === 'names') {
      if (modeler.get('troikaShownNames').toggle()) onNames();
      else toast({ level: 'info', text: t('No element has a name in another language.') });
    }
    if (kind) await save(kind, { xml: await xml(), key, view: { root: modeler.get('canvas').getRootElement().id, names: modeler.get('troikaShownNames').language } });
  });
  document.addEventListener('keydown', event => {
    if (event.isComposing || event.keyCode === 229 || event.altKey || !onCanvas()) return;
    const command = event.ctrlKey || event.metaKey;
    const work = command && event.key === '1' ? () => fit(modeler, MARGIN_PX) : command && event.key.toLowerCase() === 'f' ? find : !command && event.key === '?' ? keys : null;
    if (!work) return;
    event.preventDefault();
    event.stopPropagation();
    work();
  }, true);
}

async function save(kind, what) {
  try {
    await (await import('./export.js')).save(kind, what);
  } catch (error) {
    toast({ level: 'danger', text: t('The file could not be made: {reason}', { reason: error.message }) });
  }
}
