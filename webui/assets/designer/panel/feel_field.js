// A FEEL field of the panel: the panel's own FeelEntry takes no editor extensions, so it cannot complete (see shared/completion.js).
import FeelEditor from '@bpmn-io/feel-editor';
import { h } from '@bpmn-io/properties-panel/preact';
import { useEffect, useRef, useState } from '@bpmn-io/properties-panel/preact/hooks';
import { completion } from '../../shared/completion.js';
import { judgement } from './judgement.js';
import { TryOut } from './try_out.js';

const DEBOUNCE_MS = 300;

// `value` and `onChange` carry the stored text, which begins with "="; the editor shows what follows it. `words`: troikaVariables
export function FeelField({ id, label, hint, value = '', required = false, onChange, words, kind = 'expression' }) {
  const [found, setFound] = useState([]);
  const host = useRef(), editor = useRef(), latest = useRef(), timer = useRef();
  const shown = value.replace(/^=\s*/, '');
  latest.current = { onChange, shown };

  useEffect(() => {
    let pending = null;
    const flush = () => {
      clearTimeout(timer.current);
      const text = pending?.trim();
      pending = null;
      // setValue() below is reported as a change too: selecting an element must not write to the drawing
      if (text === undefined || text === latest.current.shown.trim()) return;
      latest.current.onChange(text ? `= ${text}` : undefined);
    };
    editor.current = new FeelEditor({
      container: host.current, value: shown, contentAttributes: { 'aria-label': label, id },
      extensions: [completion(words), judgement(text => words.judge(text, kind), setFound)],
      onChange: text => { pending = text; clearTimeout(timer.current); timer.current = setTimeout(flush, DEBOUNCE_MS); },
    });
    const node = host.current;
    node.addEventListener('focusout', flush);      // a click on Save must not lose the last letters
    // later, not now: a write in the middle of a change of selection would bring the panel back to the old element
    return () => { setTimeout(flush); node.removeEventListener('focusout', flush); node.replaceChildren(); };
  }, []);

  useEffect(() => {                                // undo and redo: show the stored text
    if (!host.current.contains(document.activeElement)) editor.current.setValue(shown);
  }, [shown]);

  return h('div', { class: 'bio-properties-panel-entry', 'data-entry-id': id },
    h('label', { class: 'bio-properties-panel-label', for: id }, label, required && h('span', { class: 'tk-required', 'aria-hidden': true }, ' *')),
    h('div', { class: 'bio-properties-panel-feel-container tk-feel', ref: host }),
    h('div', { role: 'status' }, h('ul', { class: 'tk-judgement' }, found.map(({ level, message, hint: remedy }) =>
      h('li', { class: `tk-judgement-${level}` }, [message, remedy].filter(Boolean).join(' '))))),
    hint && h('div', { class: 'bio-properties-panel-description' }, hint),
    h(TryOut, { id, words, kind, text: () => editor.current._cmEditor.state.doc.toString() }));
}
