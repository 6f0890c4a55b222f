// From a step to the form that it shows; the page of the form leads back to the step.
import { h } from '@bpmn-io/properties-panel/preact';
import { extension } from '../extensions.js';
import { t } from '../../shared/i18n.js';

export function formLink(element) {
  const id = extension(element, 'zeebe:FormDefinition')?.get('formId');
  return id && !id.startsWith('=') ? [{ id: 'tk-form-link', component: Link, form: id }] : [];
}

function Link({ element, form }) {
  const scope = new URLSearchParams({ process: location.pathname.split('/').pop(), element: element.id });
  const address = `/designer/forms/edit/${form.split('/').map(encodeURIComponent).join('/')}?${scope}`;
  return h('div', { class: 'bio-properties-panel-entry' }, h('a', { href: address, 'data-saves': '' }, t('Open the form')));
}
