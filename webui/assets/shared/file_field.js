// The component `filepicker` of form-js as ours: what is chosen goes to the server at once, and the value names it there
// (webui/picking.py). Without a server, where a process is only tried, the value is the file's name.
import { Description, Errors, Label, useExpressionEvaluation, useSingleLineTemplateEvaluation } from '@bpmn-io/form-js-viewer';
import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Refused, csrfToken, send as ask } from './http.js';
import { t } from './i18n.js';

const sentHere = new Map();      // id -> file, for a form that is drawn again with what was sent before

function Files({ field, value, errors = [], disabled, readonly, domId, onChange, onBlur, onFocus }) {
  const { label, description, src, limit, known = [], accept = '', multiple = false, validate: { required } = {} } = field;
  const still = disabled || readonly, values = [value ?? []].flat();
  const takes = useSingleLineTemplateEvaluation(accept) || '', many = useExpressionEvaluation(multiple) === true;
  const [under, setUnder] = useState([]), now = useRef(values), change = useRef(onChange), gone = useRef(false);
  now.current = values;
  change.current = onChange;
  useEffect(() => () => { gone.current = true; }, []);

  const removed = id => {
    put(now.current.filter(other => other !== id));
    const held = sentHere.get(id);
    if (held) ask('DELETE', held.href).catch(() => {});    // without a connection: it is forgotten in its time
  };
  const put = next => { now.current = next; change.current({ value: next }); };
  const taken = id => put(many ? [...new Set([...now.current, id])] : [id]);
  const choose = ({ target }) => {
    const chosen = [...target.files];
    target.value = '';
    setUnder(before => before.filter(one => !one.error));
    for (const file of many ? chosen : chosen.slice(0, 1)) {
      if (src) send(file);
      else taken(file.name);
    }
    onBlur?.();
  };
  const send = file => {
    const one = { key: Math.random(), name: file.name, done: 0, error: '' };
    const show = changes => { Object.assign(one, changes); if (!gone.current) setUnder(before => [...before]); };
    setUnder(before => [...before, one]);
    if (limit && file.size > limit * 1024 * 1024) return show({ error: t('{name} is larger than {limit} MB.', { name: file.name, limit }) });
    upload(src, file, takes, part => show({ done: part })).then(
      sent => {
        sentHere.set(sent.id, sent);
        if (gone.current) return;
        setUnder(before => before.filter(other => other !== one));
        taken(sent.id);
      },
      refused => show({ error: refused.message }),
    );
  };

  const rows = values.map(id => {
    const found = known.find(one => one.id === id) ?? sentHere.get(id) ?? { id, name: src ? t('A file that is not there any more') : id };
    return h('li', { key: id },
      found.href ? h('a', { href: found.href, target: '_blank', rel: 'noopener' }, found.name) : h('span', {}, found.name),
      found.size !== undefined && h('span', { class: 'tk-file-size' }, sized(found.size)),
      !still && h('button', { type: 'button', class: 'btn btn-sm', 'aria-label': t('Remove {name}', { name: found.name }), onClick: () => removed(id) }, t('Remove')));
  });
  const running = under.map(one => h('li', { key: one.key, class: one.error ? 'fjs-form-field-error' : undefined },
    one.error ? h('span', { role: 'alert' }, one.error) : [h('span', {}, one.name), h('progress', { max: 1, value: one.done, 'aria-label': t('Sending {name}', { name: one.name }) })],
    one.error && h('button', { type: 'button', class: 'btn btn-sm', 'aria-label': t('Dismiss'), onClick: () => setUnder(before => before.filter(other => other !== one)) }, t('Dismiss'))));
  const bounds = [takes && t('Takes {accept}.', { accept: takes }), src && limit && t('At most {limit} MB each.', { limit })].filter(Boolean).join(' ');
  return h('div', { class: `fjs-form-field fjs-form-field-filepicker${errors.length ? ' fjs-has-errors' : ''}${still ? ' fjs-readonly' : ''}` },
    h(Label, { htmlFor: domId, id: `${domId}-label`, label, required }),
    !still && h('input', { id: domId, class: 'form-control', type: 'file', multiple: many, accept: takes || undefined, 'aria-describedby': `${domId}-error-message ${domId}-bounds ${domId}-description`, onChange: choose, onFocus }),
    !still && bounds && h('div', { id: `${domId}-bounds`, class: 'tk-file-bounds' }, bounds),
    h(Description, { id: `${domId}-description`, description }),
    rows.length || running.length ? h('ul', { class: 'tk-files' }, rows, running) : still && h('div', {}, '–'),
    h(Errors, { id: `${domId}-error-message`, errors }));
}

// as `send`, which cannot tell how far it is; here, because every page loads that one
function upload(address, file, accept, progress) {
  return new Promise((resolve, reject) => {
    const body = new FormData(), asked = new XMLHttpRequest();
    body.append('accept', accept);
    body.append('file', file);
    asked.open('POST', address);
    asked.setRequestHeader('accept', 'application/json');
    asked.setRequestHeader('X-CSRFToken', csrfToken());
    asked.responseType = 'json';
    asked.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    asked.onload = () => (asked.status === 201 && asked.response ? resolve(asked.response) : reject(new Refused(asked.status, asked.response)));
    asked.onerror = () => reject(new Error(t('{name} could not be sent: no connection.', { name: file.name })));
    asked.send(body);
  });
}

function sized(bytes) {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

Files.config = {
  type: 'filepicker', keyed: true, label: 'File picker', name: 'File picker', group: 'basic-input', emptyValue: [],
  sanitizeValue: ({ value }) => [value ?? []].flat().filter(one => typeof one === 'string' && one),
  create: (options = {}) => ({ ...options }),
};

class FileFields {
  static $inject = ['formFields'];
  constructor(formFields) {
    formFields.register('filepicker', Files);
  }
}

export const fileFields = { __init__: ['tkFileFields'], tkFileFields: ['type', FileFields] };
