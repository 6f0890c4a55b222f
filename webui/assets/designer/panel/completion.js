// Completion for @bpmn-io/feel-editor 2.8.0, whose own source takes everything that matches /\w[\w ]*$/ for the word: after
// `5000 and ex` it looks for "5000 and ex" and finds nothing, and it does not know names in Chinese. This one takes the last
// identifier in letters of any script and walks dotted paths through contexts.
import { autocompletion } from '@codemirror/autocomplete';

const PATH = /[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}\p{N}_]*)*$/u;
const FUNCTIONS = ['abs', 'append', 'ceiling', 'contains', 'count', 'date', 'date and time', 'day of week', 'distinct values', 'duration', 'ends with',
  'floor', 'get value', 'list contains', 'lower case', 'matches', 'max', 'mean', 'min', 'not', 'now', 'number', 'replace', 'round half up', 'some',
  'split', 'starts with', 'string', 'string length', 'substring', 'sum', 'time', 'today', 'union', 'upper case']
  .map(name => ({ label: `${name}()`, apply: `${name}(`, type: 'function', boost: -1 }));

export const completion = variables => autocompletion({ override: [context => {
  const match = context.matchBefore(PATH) ?? (context.explicit ? { text: '' } : null);
  if (!match) return null;
  const steps = match.text.split('.'), typed = steps.pop();
  const level = steps.reduce((names, step) => names?.find(({ name }) => name === step)?.entries, variables());
  if (!level) return null;
  return {
    from: context.pos - typed.length, validFor: /^[\p{L}\p{N}_]*$/u,
    options: [...level.map(({ name, detail, info }) => ({ label: name, detail, info, type: 'variable' })), ...(steps.length ? [] : FUNCTIONS)],
  };
}] });
