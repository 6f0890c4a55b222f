// How long: an amount and a unit, as the cards have it. What says more is written as an expression.
import { TextFieldEntry } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useState } from '@bpmn-io/properties-panel/preact/hooks';
import { useService } from 'bpmn-js-properties-panel';
import { FeelField } from './feel_field.js';
import { TextOrFeel } from './text_or_feel.js';

export const UNITS = [['M', 'minutes'], ['H', 'hours'], ['D', 'days']];
const PLAIN = /^P(?:(\d+)(D)|T(\d+)([HM]))$/;

// `text`: ISO 8601, "" for none; null when an amount and a unit cannot say it
export function amountOf(text) {
  if (!text.trim()) return { amount: '', unit: 'D' };
  const [, days, day, amount, unit] = PLAIN.exec(text.trim()) ?? [];
  return days || amount ? { amount: days ?? amount, unit: day ?? unit } : null;
}

export function isoOf(amount, unit) {
  return `P${unit === 'D' ? '' : 'T'}${Number(amount)}${unit}`;
}

function Amount({ element, id, label, hint, value, onChange }) {
  const translate = useService('translate'), debounce = useService('debounceInput'), [unit, setUnit] = useState('');
  const found = { ...amountOf(value), ...(!value && unit && { unit }) };
  const write = (amount, of) => onChange(amount ? isoOf(amount, of) : '');
  const choose = ({ target }) => { setUnit(target.value); if (found.amount) write(found.amount, target.value); };
  return h('div', { class: 'tk-amount' },
    h(TextFieldEntry, {
      element, id, debounce, label, description: hint, getValue: () => found.amount, validate: text => (!text || /^[1-9]\d{0,5}$/.test(text) ? null : translate('Expected a whole number from 1')),
      setValue: (text, error) => { if (!error) write(text, found.unit); },
    }),
    h('select', { class: 'bio-properties-panel-input', 'aria-label': translate('Unit'), value: found.unit, onChange: choose }, UNITS.map(([key, name]) => h('option', { key, value: key }, translate(name)))));
}

// `value`: the stored text; `plain`: it -> the duration in it, null where it says something else; `written`: the other way round
export function Duration({ element, id, label, hint, value = '', plain, written, onChange }) {
  const translate = useService('translate'), words = useService('troikaVariables');
  const inner = value ? plain(value) : '', fits = inner !== null && amountOf(inner) !== null;
  return h(TextOrFeel, {
    of: element.id, asFeel: !fits, toOther: 'Choose amount and unit',
    expression: h(FeelField, { key: `${element.id}-${id}`, id, label, hint, value: value.startsWith('=') ? value : value && `= "${value}"`, words, onChange }),
    other: h(Amount, {
      key: `${element.id}-${id}`, element, id, label, value: fits ? inner : '', hint: fits ? undefined : translate('The expression stays until something is written here.'),
      onChange: text => { if (text || fits) onChange(text ? written(text) : undefined); },
    }),
  });
}
