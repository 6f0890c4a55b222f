// Zeebe's entries that hold FEEL (script, timer, key, mapping …) with our field in the place of theirs, which completes nothing and
// judges in English. Where a text may stand as well, a button goes from one to the other.
import { TextFieldEntry } from '@bpmn-io/properties-panel';
import { h } from '@bpmn-io/properties-panel/preact';
import { useState } from '@bpmn-io/properties-panel/preact/hooks';
import { useService } from 'bpmn-js-properties-panel';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { Duration } from './duration.js';
import { FeelField } from './feel_field.js';

export const withFeel = group => ({
  ...group,
  ...(group.entries && { entries: group.entries.map(ours) }),
  ...(group.items && { items: group.items.map(item => ({ ...item, entries: item.entries.map(ours) })) }),
});

const ours = entry => (entry.id.startsWith('tk-') ? entry : { ...entry, component: Entry, theirs: entry.component });

function Entry({ theirs, ...props }) {
  const words = useService('troikaVariables'), translate = useService('translate'), [chosen, choose] = useState({});
  const { props: field = {} } = theirs(props) ?? {}, { id, element } = props;
  if (!field.feel) return h(theirs, props);
  const stored = String(field.getValue(element) ?? ''), optional = field.feel !== 'required';
  if (id === 'timerEventDefinitionValue' && lasts(element)) return h(Duration, { ...field, id, element, value: stored, plain: text => (text.startsWith('=') ? null : text), written: text => text, onChange: field.setValue });
  // what a mapping takes is an expression unless somebody has written something else
  const asFeel = !optional || (chosen.of === element.id ? chosen.asFeel : stored.startsWith('=') || (!stored && id.endsWith('-source')));
  const shown = asFeel
    ? h(FeelField, { key: `${element.id}-${id}`, id, label: field.label, hint: field.description, value: stored, words, onChange: value => field.setValue(value) })
    : h(TextFieldEntry, { ...field, id, feel: undefined });
  const change = () => {
    choose({ of: element.id, asFeel: !asFeel });
    if (stored) field.setValue(asFeel ? textOf(stored) : `= "${stored.replaceAll('"', '\\"')}"`);
  };
  return optional ? h('div', { class: 'tk-text-or-feel' }, shown, h('button', { type: 'button', class: 'btn btn-sm', onClick: change }, translate(asFeel ? 'Write a text' : 'Write an expression'))) : shown;
}

const lasts = element => getBusinessObject(element).get('eventDefinitions')?.some(found => is(found, 'bpmn:TimerEventDefinition') && found.get('timeDuration'));

// what an expression says that is nothing but a text; another one says nothing without being asked
const textOf = stored => /^=\s*"((?:[^"\\]|\\.)*)"\s*$/.exec(stored)?.[1].replaceAll('\\"', '"');
