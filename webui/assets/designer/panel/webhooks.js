// Other systems that are told: at which moments, where, and whose secret signs.
import { Group } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { useService } from 'bpmn-js-properties-panel';
import { edit } from '../extensions.js';

const TYPE = 'troika:Hook', REFERENCE = 'ref:';
const MOMENTS = [['create', 'When it is created'], ['assign', 'When somebody gets it'], ['decide', 'When it is decided'], ['end', 'When it ends']];

export const webhooksGroup = translate => ({ id: 'tk-webhooks', label: translate('Webhooks'), component: Group, entries: [{ id: 'tk-webhooks-list', component: Webhooks }] });

function Webhooks({ element }) {
  const injector = useService('injector'), translate = useService('translate'), { receivers } = useService('troikaCatalogue');
  const stored = (getBusinessObject(element).get('extensionElements')?.get('values') ?? []).filter(value => is(value, TYPE));
  const write = (hook, properties) => edit(injector, element, { [TYPE]: properties }, { [TYPE]: value => value === hook });

  return h('div', null,
    stored.map((hook, index) => h(Hook, { key: index, hook, number: index + 1, receivers, translate, change: properties => write(hook, properties), remove: () => write(hook, null) })),
    h('div', { class: 'tk-hook' },
      stored.length > 0 && h('p', null, translate('Field values are sent only where the permissions of the task say “Told”.')),
      h('button', { type: 'button', class: 'btn btn-sm', onClick: () => write(undefined, { on: 'decide', url: 'https://', secret: receivers.length ? REFERENCE + receivers[0] : undefined }) }, translate('Add a webhook'))));
}

function Hook({ hook, number, receivers, translate, change, remove }) {
  const moments = (hook.get('on') ?? '').split(/\s+/).filter(Boolean), secret = (hook.get('secret') ?? '').replace(REFERENCE, '');
  const names = secret && !receivers.includes(secret) ? [...receivers, secret] : receivers;
  const toggle = (moment, on) => change({ on: MOMENTS.map(([value]) => value).filter(value => value === moment ? on : moments.includes(value)).join(' ') || undefined });
  return h('div', { class: 'tk-hook' },
    h('fieldset', null, h('legend', null, `${translate('Webhook')} ${number}`),
      MOMENTS.map(([value, name]) => h('label', { key: value }, h('input', { type: 'checkbox', checked: moments.includes(value), onChange: ({ target }) => toggle(value, target.checked) }), ' ', translate(name)))),
    h('input', {
      class: 'bio-properties-panel-input', type: 'text', 'aria-label': `${number}: ${translate('Address')}`, placeholder: 'https://', value: hook.get('url') ?? '',
      onChange: ({ target }) => change({ url: target.value.trim() || undefined }),
    }),
    h('select', {
      class: 'bio-properties-panel-input', 'aria-label': `${number}: ${translate('Receiver')}`, value: secret,
      onChange: ({ target }) => change({ secret: target.value ? REFERENCE + target.value : undefined }),
    }, [['', translate('Choose a receiver')], ...names.map(name => [name, receivers.includes(name) ? name : `${name} ?`])].map(([value, name]) => h('option', { key: value, value, selected: value === secret }, name))),
    h('button', { type: 'button', class: 'btn btn-sm', 'aria-label': `${translate('Webhook')} ${number}: ${translate('Remove')}`, onClick: remove }, translate('Remove')));
}
