// "Save this step as a template": names, picture, and what whoever uses it may change. The server makes the file.
import { getBusinessObject } from 'bpmn-js/lib/util/ModelUtil';
import { extension } from '../extensions.js';
import { send } from '../../shared/http.js';
import { t } from '../../shared/i18n.js';
import { toast } from '../../shared/toast.js';

const dialog = () => document.getElementById('step-template');

// key: of the process, whose area the file lies in; xml(): the drawing now
export function saving(modeler, { key, address, xml }) {
  const templates = modeler.get('troikaTemplates'), form = dialog().querySelector('form');
  let element = null;
  templates.ask = asked => {
    element = asked;
    fill(form, templates, element);
    dialog().showModal();
  };
  form.addEventListener('change', ({ target }) => { if (target.name === 'id') name(form, templates.catalogue.templates.find(({ id }) => id === target.value), element); });
  dialog().querySelector('[data-close]').addEventListener('click', () => dialog().close());
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const told = form.querySelector('[role=alert]'), fields = Object.fromEntries(new FormData(form));
    const fixed = [...form.querySelectorAll('[data-setting]')].filter(({ checked }) => !checked).map(({ dataset }) => dataset.setting);
    const button = form.querySelector('[type=submit]');
    button.disabled = true;      // a second click would make a second template
    try {
      const seen = templates.catalogue.templates.find(({ id }) => id === fields.id)?.version ?? 0;
      const saved = await send('POST', address, { icon: '', ...fields, key, xml: await xml(), element: element.id, fixed }, { 'If-Match': String(seen) });
      templates.renew(saved.templates);
      const template = saved.templates.find(({ id }) => id === saved.id);
      if (!template.preset) await templates.apply(element, template);
      dialog().close();
      toast({ level: 'success', text: t('Step template {name} is saved as version {version}.', template) });
    } catch (error) {
      Object.assign(told, { textContent: error.message, hidden: false });
    } finally {
      button.disabled = false;
    }
  });
}

function fill(form, templates, element) {
  const owner = getBusinessObject(element), mapping = extension(element, 'zeebe:IoMapping'), mine = templates.of(element);
  const same = templates.catalogue.templates.filter(({ element: type }) => type === owner.$type);
  form.querySelector('[role=alert]').hidden = true;
  form.elements.id.replaceChildren(new Option(t('A new template'), ''), ...same.map(({ id, name: called, version }) => new Option(t('Version {version} of {name}', { version: version + 1, name: called }), id)));
  form.elements.id.value = mine?.id ?? '';
  name(form, mine, element);
  const titles = templates.catalogue.operation(extension(element, 'zeebe:TaskDefinition')?.get('type'))?.titles ?? {}, title = key => titles[key] ?? key;
  const rows = [
    ...(extension(element, 'zeebe:TaskDefinition')?.get('retries') ? [['retries', '', t('Attempts'), extension(element, 'zeebe:TaskDefinition').get('retries')]] : []),
    ...(mapping?.get('inputParameters') ?? []).map(row => ['input', row.get('target'), title(row.get('target')), row.get('source')]),
    ...(mapping?.get('outputParameters') ?? []).map(row => ['output', bare(row.get('source')), t('Result {name}', { name: title(bare(row.get('source'))) }), row.get('target')]),
  ];
  const service = owner.$type === 'bpmn:ServiceTask';
  form.querySelector('[data-settings]').hidden = !service || !rows.length;
  form.querySelector('[data-copied]').hidden = service;
  form.querySelector('[data-rows]').replaceChildren(...(service ? rows : []).map(([kind, called, label, value]) => row(`${kind} ${called}`.trim(), label, value, !templates.fixes(element, kind, called))));
}

// what the version before was called, else what the step is
function name(form, before, element) {
  const labels = before?.labels ?? { '': getBusinessObject(element).get('name') ?? '', en: extension(element, 'troika:Label')?.get('text') ?? '' };
  const [kept, first] = form.elements.icon;      // the picture of the version before, where there is one
  kept.closest('label').hidden = !before;
  (before ? kept : first).checked = true;
  Object.assign(form.elements.zh, { value: labels[''] });
  Object.assign(form.elements.en, { value: labels.en ?? '' });
  Object.assign(form.elements.about_zh, { value: before?.abouts[''] ?? '' });
  Object.assign(form.elements.about_en, { value: before?.abouts.en ?? '' });
}

function row(setting, label, value, free) {
  const box = Object.assign(document.createElement('input'), { type: 'checkbox', className: 'form-check-input', checked: free });
  box.dataset.setting = setting;
  const words = Object.assign(document.createElement('span'), { className: 'form-check-label', textContent: label });
  words.append(' ', Object.assign(document.createElement('code'), { className: 'text-break', textContent: bare(value) }));
  const line = Object.assign(document.createElement('label'), { className: 'form-check' });
  line.append(box, words);
  return line;
}

function bare(text = '') {
  return text.replace(/^=\s*/, '').trim();
}
