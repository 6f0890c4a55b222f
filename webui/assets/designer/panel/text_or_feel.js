// What may be written plainly or as an expression, and a button from one to the other.
import { h } from '@bpmn-io/properties-panel/preact';
import { useState } from '@bpmn-io/properties-panel/preact/hooks';
import { useService } from 'bpmn-js-properties-panel';

// `of`: the element; `asFeel`: as it is stored; `expression`, `other`: the two fields; `change`: told which is shown from now on
export function TextOrFeel({ of, asFeel, expression, other, toOther, change }) {
  const translate = useService('translate'), [chosen, choose] = useState({});
  const shown = chosen.of === of ? chosen.asFeel : asFeel;
  const turn = () => { choose({ of, asFeel: !shown }); change?.(!shown); };
  return h('div', { class: 'tk-text-or-feel' }, shown ? expression : other,
    h('button', { type: 'button', class: 'btn btn-sm', onClick: turn }, translate(shown ? toOther : 'Write an expression')));
}
