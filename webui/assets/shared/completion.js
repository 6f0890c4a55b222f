// Completion for @bpmn-io/feel-editor 2.8.0, whose own source takes everything that matches /\w[\w ]*$/ for the word: after
// `5000 and ex` it looks for "5000 and ex" and finds nothing, and it does not know names in Chinese. This one takes the last
// identifier in letters of any script, walks dotted paths through contexts and lists, and inside of a filter offers the
// members of the items. Values, where a text is compared with one of a few, are offered by word too, and alone inside quotes.
import { autocompletion } from '@codemirror/autocomplete';

const PATH = /[\p{L}_][\p{L}\p{N}_]*(?:\[[^\]]*\])?(?:\.[\p{L}\p{N}_]*(?:\[[^\]]*\])?)*$/u;
const LAST_WORD = /[\p{L}\p{N}_]*$/u;

// words: { all() -> names, functions() -> functions, values?() -> [[FEEL, word], …] }
export const completion = words => autocompletion({ override: [context => {
  const before = context.state.sliceDoc(0, context.pos), values = words.values?.() ?? [];
  const opened = openedQuote(before);
  if (opened >= 0) return { from: opened, validFor: /^"[^"]*$/, options: values.map(asValue) };
  const match = context.matchBefore(PATH) ?? (context.explicit ? { text: '' } : null);
  if (!match) return null;
  const steps = match.text.replaceAll(/\[[^\]]*\]/g, '').split('.'), typed = steps.pop();
  const level = at(words.all(), steps);
  if (!level) return null;
  const filtered = steps.length ? [] : at(words.all(), listBefore(before.slice(0, before.length - match.text.length))) ?? [];
  return {
    from: context.pos - typed.length, validFor: LAST_WORD,
    options: [
      ...(steps.length ? [] : values.map(asValue)), ...filtered.map(found => variable(found, 1)), ...level.map(found => variable(found, 0)), ...(steps.length ? [] : words.functions().map(asFunction)),
    ],
  };
} ] });

// where the text begins in which the cursor stands, -1 outside of one
function openedQuote(text) {
  return text.split('"').length % 2 ? -1 : text.lastIndexOf('"');
}

function at(names, steps) {
  return steps.reduce((level, step) => level?.find(({ name }) => name === step)?.entries, names);
}

// the path in front of the innermost bracket that is still open: `lines[qty > 1 and ` -> ["lines"]
function listBefore(text) {
  for (let depth = 0, index = text.length - 1; index >= 0; index -= 1) {
    if (text[index] === ']') depth += 1;
    else if (text[index] === '[' && depth-- === 0) return (text.slice(0, index).match(PATH)?.[0] ?? '').replaceAll(/\[[^\]]*\]/g, '').split('.');
  }
  return [''];
}

function variable({ name, type, label, info, options }, boost) {
  const about = [label, options?.join(', ') || info].filter(Boolean).join(': ');
  return { label: name, apply: /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name) ? name : `\`${name}\``, detail: type, info: about || undefined, type: 'variable', boost };
}

// over the quote that the editor has closed by itself
const put = text => (view, _, from, to) => {
  const after = view.state.sliceDoc(to, to + 1) === '"' ? to + 1 : to;
  view.dispatch({ changes: { from, to: after, insert: text }, selection: { anchor: from + text.length }, userEvent: 'input.complete' });
};

function asValue([text, word]) {
  return { label: word ? `${text} ${word}` : text, displayLabel: text, detail: word, apply: put(text), type: 'constant', boost: 2 };
}

// the cursor stands where the first argument comes
const call = (name, takesAny) => (view, _, from, to) => view.dispatch({
  changes: { from, to, insert: `${name}()` }, selection: { anchor: from + name.length + (takesAny ? 1 : 2) }, userEvent: 'input.complete',
});

function asFunction({ name, forms, result, doc, example }) {
  return {
    label: `${name}(${forms[0]})`, apply: call(name, forms[0] !== ''), detail: result, type: 'function', boost: -1,
    info: () => {
      const about = document.createElement('div');
      about.append(...[doc, example].map(text => Object.assign(document.createElement('div'), { textContent: text })));
      about.lastChild.className = 'tk-example';
      return about;
    },
  };
}
