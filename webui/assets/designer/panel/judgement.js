// What the server says about the text of a FEEL field, underlined where it stands and listed below the field. The editor's own
// marks (of a parser that is not ours, in English) stay out.
import { linter } from '@codemirror/lint';

const DELAY_MS = 400, SOURCE = 'troika';
const ours = diagnostics => diagnostics.filter(({ source }) => source === SOURCE);

// ask(text) -> [{ from, to, level, message, hint, near }]; show(findings)
export const judgement = (ask, show) => linter(async view => {
  const text = view.state.doc.toString();
  const findings = text.trim() ? await ask(text).catch(() => []) : [];
  if (view.state.doc.toString() !== text) return [];
  show(findings);
  return findings.map(found => mark(found, text.length));
}, { delay: DELAY_MS, markerFilter: ours, tooltipFilter: ours });

function mark({ from, to, level, message, hint, near }, length) {
  return {
    from: Math.min(from, Math.max(0, length - 1)), to: Math.min(Math.max(to, from + 1), length), severity: level === 'error' ? 'error' : 'warning',
    source: SOURCE, message: [message, hint].filter(Boolean).join(' '),
    actions: near ? [{ name: near, apply: (view, start, end) => view.dispatch({ changes: { from: start, to: end, insert: corrected(view.state.sliceDoc(start, end), near) } }) }] : [],
  };
}

// `customer.nmae` keeps its path, "traval" its quotes
function corrected(found, near) {
  if (found.startsWith('"')) return `"${near}"`;
  return found.includes('.') ? found.slice(0, found.lastIndexOf('.') + 1) + near : near;
}
