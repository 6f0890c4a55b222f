// Zeebe's entries that hold FEEL (script, timer, key, mapping …) with our field in the place of theirs, which completes nothing and
// judges in English. Where a text may stand as well, a button goes from one to the other.
import { TextFieldEntry } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { Duration } from './duration.js';
import { FeelField } from './feel_field.js';
import { TextOrFeel } from './text_or_feel.js';

export const withFeel = group => ({
  ...group,
  ...(group.entries && { entries: group.entries.map(ours) }),
  ...(group.items && { items: group.items.map(item => ({ ...item, entries: item.entries.map(ours) })) }),
});

const ours = entry => (entry.id.startsWith('tk-') ? entry : { ...entry, component: Entry, theirs: entry.component });

function Entry({ theirs, ...props }) {
  const words = useService('troikaVariables'), translate = useService('translate');
  const { props: field = {} } = theirs(props) ?? {}, { id, element } = props;
  if (!field.feel) return h(theirs, props);
  const stored = String(field.getValue(field.element ?? element) ?? ''), written = stored.startsWith('=');
  if (id === 'timerEventDefinitionValue' && lasts(element)) return h(Duration, { ...field, id, element, value: stored, plain: text => (text.startsWith('=') ? null : text), written: text => text, onChange: field.setValue });
  const expression = h(FeelField, { key: `${element.id}-${id}`, id, label: field.label, hint: field.description, value: stored, words, onChange: value => field.setValue(value) });
  if (field.feel === 'required') return expression;
  const kept = written && textOf(stored) === undefined;      // nothing but another text replaces what no text can say
  return h(TextOrFeel, {
    of: element.id, expression, toOther: 'Write a text',
    asFeel: written || (!stored && id.endsWith('-source')),      // what a mapping takes is an expression unless somebody has written something else
    other: h(TextFieldEntry, {
      ...field, id, feel: undefined, ...(kept && { getValue: () => '', setValue: text => text && field.setValue(text), description: translate('The expression stays until something is written here.') }),
    }),
    change: asFeel => {
      if (asFeel ? stored && !written : written && !kept) field.setValue(asFeel ? `= "${stored.replace(/["\\]/g, '\\$&')}"` : textOf(stored));
    },
  });
}

const lasts = element => getBusinessObject(element).get('eventDefinitions')?.some(found => is(found, 'bpmn:TimerEventDefinition') && found.get('timeDuration'));

// what an expression says that is nothing but a text of one line
const textOf = stored => /^=\s*"((?:[^"\\]|\\["\\])*)"\s*$/.exec(stored)?.[1].replace(/\\(["\\])/g, '$1');
