// 步骤模板: the template that a step follows, a newer version of it, and this step as one for others.
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { extension } from '../extensions.js';
import { group } from './entries.js';

export function templateGroup(element, translate) {
  const ready = is(element, 'bpmn:UserTask') || (is(element, 'bpmn:ServiceTask') && extension(element, 'zeebe:TaskDefinition')?.get('type'));
  return ready && element.type !== 'label' ? [group('tk-template', translate('Step template'), [{ id: 'tk-template-of', component: TemplateEntry }])] : [];
}

function TemplateEntry({ element, id }) {
  const translate = useService('translate'), templates = useService('troikaTemplates');
  const owner = getBusinessObject(element), named = owner.get('zeebe:modelerTemplate'), template = templates.of(element), version = owner.get('zeebe:modelerTemplateVersion');
  const button = (act, text, onClick, primary) => h('button', { type: 'button', class: `btn btn-sm ${primary ? 'btn-primary' : ''}`, [`data-template-${act}`]: '', onClick }, translate(text));
  return h('div', { class: 'bio-properties-panel-entry tk-doc', 'data-entry-id': id },
    template && h('p', null, translate('{name}, version {version}', { name: template.name, version: version ?? '?' }), template.about && ` · ${template.about}`),
    named && !template && h('p', null, translate('Made of the template {id}, which is not offered here.', { id: named })),
    template && h('p', null, h('a', { href: among(element, template), 'data-saves': '' }, translate('Show it among all step templates'))),
    template && version !== template.version && h('p', null, translate('There is version {version}.', { version: template.version })),
    h('div', { class: 'd-flex flex-wrap gap-2' },
      template && button('update', 'Update', () => templates.apply(element, template), version !== template.version),
      named && button('detach', 'Cut loose', () => templates.detach(element)),
      button('save', 'Save this step as a template…', () => templates.ask(element))));
}

function among(element, { id }) {
  return `/designer/step-templates/?${new URLSearchParams({ process: location.pathname.split('/').pop(), element: element.id })}#template-${id}`;
}
