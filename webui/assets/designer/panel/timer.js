// Below the fields of a timer: the work calendar that it counts by, and when it would fire if it began now, as the engine counts.
import { h } from '@bpmn-io/properties-panel/preact';
import { useEffect, useRef, useState } from '@bpmn-io/properties-panel/preact/hooks';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { useService } from 'bpmn-js-properties-panel';
import { extension } from '../extensions.js';
import { CALENDAR } from './entries.js';

const CHANGED_MS = 300;
const KINDS = { timeDate: 'date', timeDuration: 'duration', timeCycle: 'cycle' };

export function withTimes(element, group) {
  return group.id === 'timer' && timerOf(element) ? { ...group, entries: [...group.entries, CALENDAR, { id: 'tk-times', component: Times }] } : group;
}

function Times({ element }) {
  const translate = useService('translate'), words = useService('troikaVariables'), [answer, setAnswer] = useState(null), asked = useRef(0);
  const timer = timerOf(element), name = timer && Object.keys(KINDS).find(part => timer.get(part));
  const text = (name && timer.get(name).get('body')) ?? '', calendar = extension(element, 'troika:Calendar')?.get('name') ?? '', values = JSON.stringify(words.tried);
  useEffect(() => {
    const mine = ++asked.current;
    if (!text) setAnswer(null);
    const soon = text && setTimeout(async () => {
      const found = await words.coming(text, KINDS[name], calendar, words.tried).catch(({ message }) => ({ times: [], problem: message }));
      if (mine === asked.current) setAnswer(found);
    }, CHANGED_MS);
    return () => clearTimeout(soon);
  }, [text, name, calendar, values]);
  if (!text || !answer) return null;
  return h('div', { class: 'bio-properties-panel-entry tk-times', 'data-entry-id': 'tk-times', role: 'status' },
    answer.problem ? h('span', null, answer.problem) : [translate('Fires, if it began now: '), h('strong', { key: 'times' }, answer.times.join(' · '), answer.more && ' …')]);
}

const timerOf = element => is(element, 'bpmn:Event') ? (getBusinessObject(element).get('eventDefinitions') ?? []).find(found => is(found, 'bpmn:TimerEventDefinition')) : undefined;
