// <tk-form>: a form filled in by a person. What it sends is judged by the server alone; the checks here are courtesy.
import { t } from '../shared/i18n.js';
import { message } from '../shared/form_texts.js';
import { Form } from '@bpmn-io/form-js-viewer';
import { fileFields } from '../shared/file_field.js';
import { pickers } from '../shared/picker_field.js';
import { signatures } from '../shared/signature_field.js';
import '../shared/calendar.js';
import '@bpmn-io/form-js-viewer/dist/assets/form-js.css';
import '../styles/form.css';

export async function show(host, { schema, data = {}, errors = {}, readOnly = false }) {
  const container = host.appendChild(document.createElement('div'));
  const form = new Form({ container, debounce: false, additionalModules: [fileFields, pickers, signatures] });      // else the letters of the last 300 ms can be lost
  form.setProperty('readOnly', readOnly);
  await form.importSchema(schema, data);
  const refusals = judgeLikeTheServer(form, errors);
  if (Object.keys(errors).length) form._setState({ errors });     // the only way in 1.23; browser test "shows what the server refused until it is sent again"

  const outer = host.closest('form');
  const stop = outer && !readOnly ? sendWith(outer, host, form, refusals) : () => {};
  host.form = form;
  return () => { stop(); form.destroy(); container.remove(); };
}

// White space alone is empty here and on the server. What the server refused stays at its field until the value changes (form-js
// judges fields that have a value by itself soon after the import, and would wipe it) or the form is sent again.
function judgeLikeTheServer(form, errors) {
  const validator = form.get('validator'), { initialData } = form._getState();
  const refusals = { now: errors }, judge = validator.validateFieldInstance.bind(validator);
  validator.validateFieldInstance = (field, value) => {
    const own = judge(field, typeof value === 'string' && !value.trim() ? '' : value).map(message);
    const place = [field.id, ...Object.values(field.indexes ?? {})], said = place.reduce((found, step) => found?.[step], refusals.now);
    if (!Array.isArray(said)) return own;
    const refused = field.valuePath.reduce((found, step) => found?.[step], initialData);
    return JSON.stringify(value) === JSON.stringify(refused) ? [...new Set([...said, ...own])] : own;
  };
  return refusals;
}

function sendWith(outer, host, form, refusals) {
  const field = Object.assign(document.createElement('input'), { type: 'hidden', name: host.getAttribute('name') ?? 'data' });
  outer.append(field);
  // what stands in the form now, for parts of the page that follow it (`tk-changed`)
  const tell = () => {
    field.value = JSON.stringify(form._getSubmitData());
    host.dispatchEvent(new CustomEvent('tk-changed', { bubbles: true }));
  };
  form.on('changed', tell);
  tell();

  // capturing, so that htmx, which listens on the same form, finds the value or nothing to send
  const submit = event => {
    if (event.target !== outer) {                 // form-js draws a <form> of its own: Enter in it means the whole page's
      event.preventDefault();
      return;
    }
    if (host.contains(document.activeElement)) document.activeElement.blur();      // a typed date counts when its field is left
    if (host.querySelector('.tk-files progress')) {     // what is still on its way would be missing
      event.preventDefault();
      event.stopImmediatePropagation();
      say(host, t('Please wait until every file is sent.'));
      return;
    }
    refusals.now = {};
    const { data, errors } = form.submit();
    field.value = JSON.stringify(data);
    if (event.submitter?.formNoValidate || !Object.keys(errors).length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    lead(host);
  };
  // Leaving a wrong field shows its message and moves the page: the button would go from under the mouse between press and
  // release, and the click be lost. So the press on a button does not take the focus away.
  const press = event => { if (event.target.closest('button, input[type=submit]')?.form === outer) event.preventDefault(); };
  outer.addEventListener('submit', submit, { capture: true });
  outer.addEventListener('mousedown', press);
  return () => {
    outer.removeEventListener('submit', submit, { capture: true });
    outer.removeEventListener('mousedown', press);
    form.off('changed', tell);
    field.remove();
  };
}

// brings the first wrong field into view, and the count to screen readers
function lead(host) {
  requestAnimationFrame(() => {
    const wrong = host.querySelectorAll('.fjs-has-errors');
    wrong[0]?.querySelector('input, textarea, select, [tabindex]')?.focus();
    wrong[0]?.scrollIntoView({ block: 'center' });
    say(host, t('Please correct {n} fields.', { n: wrong.length }));
  });
}

function say(host, text) {
  const note = host.querySelector('.tk-form-note') ?? host.appendChild(Object.assign(document.createElement('p'), { className: 'tk-form-note', role: 'alert' }));
  note.textContent = text;
}
