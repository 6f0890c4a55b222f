// A field as the canvas shows it: in the reader's language where the form has it. What is stored, and what the panel edits, stays.
import { h } from 'preact';
import { chinese } from '../shared/i18n.js';

const SAID = ['label', 'description', 'text', 'content'], LANGUAGE = chinese ? 'zh' : 'en', OPTION = `troika:label.${LANGUAGE}`;

export function shown(field) {
  const said = SAID.filter(part => field.properties?.[`troika:${part}.${LANGUAGE}`]).map(part => [part, field.properties[`troika:${part}.${LANGUAGE}`]]);
  const values = Array.isArray(field.values) && field.values.some(one => one[OPTION]) ? { values: field.values.map(one => (one[OPTION] ? { ...one, label: one[OPTION] } : one)) } : {};
  return said.length || values.values ? { ...field, ...Object.fromEntries(said), ...values } : field;
}

// formFields: of form-js, which asks it for the component of each field
export function inReadersLanguage(formFields) {
  const get = formFields.get.bind(formFields), made = new Map();
  formFields.get = type => {
    const Kind = get(type);
    if (!Kind || made.get(Kind)) return made.get(Kind) ?? Kind;
    const Shown = props => h(Kind, { ...props, field: shown(props.field) });
    made.set(Kind, Object.assign(Shown, Kind));
    return Shown;
  };
}
