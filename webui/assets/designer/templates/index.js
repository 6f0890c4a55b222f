// Step templates: in the menus behind N, A, R and the dots. An automatic step keeps what its template fixes and is told of a newer
// version; the settings of a user task are copied once.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { extension } from '../extensions.js';

const DEFINITION = 'zeebe:TaskDefinition', MAPPING = 'zeebe:IoMapping';
const KEPT = ['id', 'name', 'documentation', 'incoming', 'outgoing', 'default', 'ioSpecification', 'properties', 'dataInputAssociations', 'dataOutputAssociations'];

class Templates {
  static $inject = ['troikaCatalogue', 'autoPlace', 'bpmnFactory', 'bpmnReplace', 'commandStack', 'create', 'elementFactory', 'eventBus', 'moddle', 'modeling', 'mouse', 'popupMenu', 'rules', 'translate'];
  constructor(catalogue, autoPlace, bpmnFactory, bpmnReplace, commandStack, create, elementFactory, eventBus, moddle, modeling, mouse, popupMenu, rules, translate) {
    Object.assign(this, { catalogue, bpmnFactory, bpmnReplace, commandStack, elementFactory, eventBus, moddle, modeling, popupMenu, translate });
    commandStack.register('troika.template', { preExecute: context => this.#write(context) });
    const place = (event, shape, source) => create.start(event instanceof KeyboardEvent ? mouse.getLastMoveEvent() : event, shape, source && { source });
    const starting = make => ({ click: async event => place(event, await make()), dragstart: async event => place(event, await make()) });
    popupMenu.registerProvider('bpmn-create', { getPopupMenuEntries: () => this.#entries(starting) });
    popupMenu.registerProvider('bpmn-append', { getPopupMenuEntries: source => rules.allowed('shape.append', { element: source })
      ? this.#entries(make => ({ click: async () => autoPlace.append(source, await make()), dragstart: async event => place(event, await make(), source) })) : {} });
    popupMenu.registerProvider('bpmn-replace', { getPopupMenuEntries: element => is(element, 'bpmn:Task')
      ? this.#entries((_, template) => ({ click: () => { popupMenu.close(); return this.apply(element, template); } })) : {} });
  }

  // the template that an automatic step was made of, as it is now
  of(element) {
    const id = getBusinessObject(element).get('zeebe:modelerTemplate');
    return id && this.catalogue.templates.find(template => template.id === id);
  }

  // whether a setting of this step is the template's to say
  fixes(element, kind, name = '') {
    return Boolean(this.of(element)?.settings.some(setting => setting.fixed && setting.kind === kind && setting.name === name));
  }

  // one step of undo, whatever the element was before
  async apply(element, template) {
    const preset = template.preset && await this.#read(template);
    this.commandStack.execute('troika.template', { element, template, preset });
  }

  detach(element) {
    this.modeling.updateProperties(element, { 'zeebe:modelerTemplate': undefined, 'zeebe:modelerTemplateVersion': undefined, 'zeebe:modelerTemplateIcon': undefined });
  }

  renew(templates) {
    this.catalogue.templates = templates;
    this.eventBus.fire('elements.changed', { elements: [] });
  }

  #entries(action) {
    const tab = { id: 'tk-templates', label: this.translate('Step templates') };
    return Object.fromEntries(this.catalogue.templates.map(template => [`template-${template.id}`, {
      label: template.name, search: [template.id, ...Object.values(template.labels)], description: template.about, tab,
      ...(template.icon ? { imageUrl: template.icon } : { className: template.preset ? 'bpmn-icon-user-task' : 'bpmn-icon-service-task' }),
      group: { id: 'tk-step-templates', name: this.translate('Step templates') },
      action: action(() => { this.popupMenu.close(); return this.#step(template); }, template),
    }]));
  }

  async #step(template) {
    const businessObject = this.bpmnFactory.create(template.element, { name: template.labels[''] });
    const written = template.preset ? this.#copied(businessObject, await this.#read(template)) : this.#settled(businessObject, template);
    for (const [name, value] of Object.entries(written)) businessObject.set(name, value);
    return this.elementFactory.createShape({ type: template.element, businessObject });
  }

  #write(context) {
    const { template, preset } = context;
    if (!is(context.element, template.element)) context.element = this.bpmnReplace.replaceElement(context.element, { type: template.element });
    const owner = getBusinessObject(context.element);
    const written = preset ? this.#copied(owner, preset) : this.#settled(owner, template);
    this.modeling.updateProperties(context.element, owner.get('name') ? written : { name: template.labels[''], ...written });
  }

  async #read({ preset }) {
    const { rootElement } = await this.moddle.fromXML(preset);
    return rootElement.get('rootElements')[0].get('flowElements')[0];
  }

  // everything that a preset says of its task; what belongs to the place of a step stays
  #copied(owner, preset) {
    const said = {};
    for (const { name, ns, isVirtual } of owner.$descriptor.properties) {
      const plain = ns.localName;
      if (isVirtual || KEPT.includes(plain) || plain.startsWith('modelerTemplate')) continue;
      const value = preset.get(name);
      if (value === owner.get(name) || (Array.isArray(value) && !value.length && !owner.get(name).length)) continue;
      said[name] = adopted(value, owner);
    }
    return said;
  }

  // what is fixed as the template says; what is not as the step has it, else as proposed. What the operation does not know goes
  #settled(owner, template) {
    const values = (owner.get('extensionElements')?.get('values') ?? []).filter(value => !is(value, DEFINITION) && !is(value, MAPPING));
    const there = { definition: extension(owner, DEFINITION), mapping: extension(owner, MAPPING) };
    const before = there.definition?.get('type') ? there : {};
    const rows = list => before.mapping?.get(list) ?? [], kind = name => template.settings.filter(setting => setting.kind === name);
    const operation = this.catalogue.operation(kind('type')[0].value), [retries] = kind('retries');
    const make = (type, properties) => this.bpmnFactory.create(type, properties);
    const settled = (name, list, key, known) => {
      const said = kind(name).map(setting => ({ ...setting, row: rows(list).find(row => bare(row.get(key)) === setting.name) }));
      const others = rows(list).filter(row => !said.some(setting => setting.row === row) && known(bare(row.get(key))));
      return { said, others };
    };
    const inputs = settled('input', 'inputParameters', 'target', name => operation?.parameters.some(parameter => parameter.name === name.split('.')[0]));
    const outputs = settled('output', 'outputParameters', 'source', name => !/^\w+$/.test(name) || name in (operation?.outputs ?? {}));
    const definition = make(DEFINITION, { type: kind('type')[0].value, retries: (retries?.fixed ? retries.value : before.definition?.get('retries') ?? retries?.value) || undefined });
    const mapping = make(MAPPING, {
      inputParameters: [...inputs.said.map(({ name, value, fixed, row }) => make('zeebe:Input', { target: name, source: fixed || !row ? value : row.get('source') })), ...inputs.others.map(row => make('zeebe:Input', { target: row.get('target'), source: row.get('source') }))],
      outputParameters: [...outputs.said.map(({ name, value, fixed, row }) => make('zeebe:Output', { source: `= ${name}`, target: fixed || !row ? value : row.get('target') })), ...outputs.others.map(row => make('zeebe:Output', { source: row.get('source'), target: row.get('target') }))],
    });
    for (const row of [...mapping.get('inputParameters'), ...mapping.get('outputParameters')]) row.$parent = mapping;
    const mapped = mapping.get('inputParameters').length || mapping.get('outputParameters').length ? [mapping] : [];
    const extensionElements = make('bpmn:ExtensionElements', { values: [definition, ...mapped, ...values] });
    for (const value of extensionElements.get('values')) value.$parent = extensionElements;
    extensionElements.$parent = owner;
    return { extensionElements, 'zeebe:modelerTemplate': template.id, 'zeebe:modelerTemplateVersion': template.version, 'zeebe:modelerTemplateIcon': template.icon || undefined };
  }
}

function bare(text = '') {
  return text.replace(/^=\s*/, '').trim();
}

function adopted(value, owner) {
  for (const one of [value].flat()) if (one?.$type) one.$parent = owner;
  return value;
}

export default { __init__: ['troikaTemplates'], troikaTemplates: ['type', Templates] };
