// What the text of a FEEL field gives for values that somebody types: the server evaluates it, as the engine would.
import { h } from '@bpmn-io/properties-panel/preact';
import { useRef, useState } from '@bpmn-io/properties-panel/preact/hooks';
import { useService } from 'bpmn-js-properties-panel';

const TYPED_MS = 300;

// `text`: gives what stands in the editor now; `words`: troikaVariables
export function TryOut({ id, words, kind, text }) {
  const translate = useService('translate'), [answer, setAnswer] = useState(null), [failed, setFailed] = useState('');
  const asked = useRef(0), timer = useRef();
  const ask = async () => {
    const mine = ++asked.current;
    try {
      const found = await words.attempt(text(), kind, words.tried);
      if (mine === asked.current) { setAnswer(found); setFailed(''); }
    } catch (error) {
      if (mine === asked.current) setFailed(error.message);
    }
  };
  const type = (name, value) => {
    words.tried = { ...words.tried, [name]: value };
    clearTimeout(timer.current);
    timer.current = setTimeout(ask, TYPED_MS);
  };
  return h('details', { class: 'tk-try', onToggle: ({ target }) => { if (target.open) ask(); } },
    h('summary', null, translate('Try it')),
    answer?.names.map(({ name, type: of, problem, options }) => h('label', { key: name }, h('span', null, name, ' ', h('small', null, of)),
      h('input', { class: 'bio-properties-panel-input', type: 'text', autocomplete: 'off', list: options ? `${id}-${name}` : undefined, value: words.tried[name] ?? '', 'aria-invalid': problem ? 'true' : undefined, onInput: ({ target, isComposing }) => { if (!isComposing) type(name, target.value); }, onChange: ({ target }) => type(name, target.value) }),
      options && h('datalist', { id: `${id}-${name}` }, options.map(option => h('option', { key: option, value: option }))),
      problem && h('span', { class: 'tk-judgement-error', role: 'alert' }, problem))),
    answer && h('p', { class: 'tk-try-value', role: 'status' }, translate('Result'), ': ', h('code', null, answer.value ?? '–')),
    answer?.findings.length > 0 && h('ul', { class: 'tk-judgement' }, answer.findings.map(({ message }) => h('li', { class: 'tk-judgement-warn' }, message))),
    failed && h('p', { class: 'tk-judgement-error', role: 'alert' }, failed),
    h('button', { type: 'button', class: 'btn btn-sm', onClick: ask }, translate('Again')));
}
