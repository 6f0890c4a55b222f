// Components of our own for form-js: `record`, `dictionary`, `person` and `department` choose among what the server finds while somebody types.
import { Description, Errors, Label } from '@bpmn-io/form-js-viewer';
import { h } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from './i18n.js';
import { whileBusy } from './ready.js';

// `multiple`: the value is a list
function Picker({ field, value, errors = [], disabled, readonly, domId, onChange, onBlur, onFocus }) {
  const select = useRef(), picker = useRef(), change = useRef();
  change.current = onChange;
  const { label, description, src, multiple, known = [], validate: { required } = {} } = field;
  const still = disabled || readonly, values = [value ?? []].flat();
  const shows = (made, now) => {
    for (const id of now) if (!made.options[id]) made.addOption({ id, name: id, also: id });
    made.setValue(multiple ? now : now[0] ?? '', true);
  };

  useEffect(() => {
    let gone = false;
    whileBusy(import('./picker.js').then(({ pick }) => {
      if (gone) return;
      const made = picker.current = pick(select.current, {
        source: src, nothing: t('Nothing found'), preload: still ? false : 'focus', maxItems: multiple ? null : 1, maxOptions: 50, options: known,
        items: values, plugins: still ? [] : ['remove_button'],
        onChange: chosen => change.current({ value: multiple ? [chosen].flat().filter(Boolean) : chosen || null }), onBlur, onFocus,
      });
      if (values.length) shows(made, values);
      if (still) made.lock();
    }).catch(error => { console.error(error); }));
    return () => { gone = true; picker.current?.destroy(); };
  }, []);

  // somebody else changed it: data that were loaded, a form that was reset
  useEffect(() => {
    const made = picker.current;
    if (made && [made.getValue()].flat().filter(Boolean).join('\n') !== values.join('\n')) shows(made, values);
  }, [values.join('\n')]);

  return h('div', { class: `fjs-form-field fjs-form-field-picker${errors.length ? ' fjs-has-errors' : ''}` },
    h(Label, { htmlFor: `${domId}-ts-control`, id: `${domId}-label`, label, required }),
    h('select', { ref: select, id: domId, multiple: Boolean(multiple), disabled: still, 'aria-label': label, 'aria-describedby': `${domId}-error-message` }, !multiple && h('option', { value: '' })),
    h(Description, { id: `${domId}-description`, description }), h(Errors, { id: `${domId}-error-message`, errors }));
}

function kind(type) {
  const Kind = props => h(Picker, props);
  Kind.config = { type, keyed: true, label: type, name: type, group: 'selection', emptyValue: null, sanitizeValue: ({ formField: { multiple }, value }) => (multiple ? [value ?? []].flat().filter(one => typeof one === 'string' && one) : typeof value === 'string' && value ? value : null), create: (options = {}) => ({ ...options }) };
  return Kind;
}

class Pickers {
  static $inject = ['formFields'];
  constructor(formFields) {
    for (const type of ['record', 'dictionary', 'person', 'department']) formFields.register(type, kind(type));
  }
}

export const pickers = { __init__: ['tkPickers'], tkPickers: ['type', Pickers] };
