// Components of our own for form-js: `record`, `dictionary`, `person` and `department` choose among what the server finds while somebody types.
import { Description, Errors, Label } from '@bpmn-io/form-js-viewer';
import { h } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from './i18n.js';
import { whileBusy } from './ready.js';

function Picker({ field, value, errors = [], disabled, readonly, domId, onChange, onBlur, onFocus }) {
  const select = useRef(), picker = useRef(), change = useRef();
  change.current = onChange;
  const { label, description, src, known = [], validate: { required } = {} } = field;
  const still = disabled || readonly;

  useEffect(() => {
    let gone = false;
    whileBusy(import('./picker.js').then(({ pick }) => {
      if (gone) return;
      const made = picker.current = pick(select.current, {
        source: src, nothing: t('Nothing found'), preload: still ? false : 'focus', maxItems: 1, maxOptions: 50, options: known,
        items: value ? [value] : [], plugins: still ? [] : ['remove_button'],
        onChange: chosen => change.current({ value: chosen || null }), onBlur, onFocus,
      });
      if (value && !made.options[value]) made.addOption({ id: value, name: value, also: value });
      if (value) made.setValue(value, true);
      if (still) made.lock();
    }).catch(error => { console.error(error); }));
    return () => { gone = true; picker.current?.destroy(); };
  }, []);

  // somebody else changed it: data that were loaded, a form that was reset
  useEffect(() => {
    const made = picker.current;
    if (!made || (made.getValue() || null) === (value ?? null)) return;
    if (value && !made.options[value]) made.addOption({ id: value, name: value, also: value });
    made.setValue(value ?? '', true);
  }, [value]);

  return h('div', { class: `fjs-form-field fjs-form-field-picker${errors.length ? ' fjs-has-errors' : ''}` },
    h(Label, { htmlFor: `${domId}-ts-control`, id: `${domId}-label`, label, required }),
    h('select', { ref: select, id: domId, disabled: still, 'aria-label': label, 'aria-describedby': `${domId}-error-message` }, h('option', { value: '' })),
    h(Description, { id: `${domId}-description`, description }), h(Errors, { id: `${domId}-error-message`, errors }));
}

function kind(type) {
  const Kind = props => h(Picker, props);
  Kind.config = { type, keyed: true, label: type, name: type, group: 'selection', emptyValue: null, sanitizeValue: ({ value }) => (typeof value === 'string' && value ? value : null), create: (options = {}) => ({ ...options }) };
  return Kind;
}

class Pickers {
  static $inject = ['formFields'];
  constructor(formFields) {
    for (const type of ['record', 'dictionary', 'person', 'department']) formFields.register(type, kind(type));
  }
}

export const pickers = { __init__: ['tkPickers'], tkPickers: ['type', Pickers] };
