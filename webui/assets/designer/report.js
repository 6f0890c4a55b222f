// What the import of this drawing said, beside the canvas: one line per element, each leads to it.
import { send } from '../shared/http.js';
import { toast } from '../shared/toast.js';

const ROOM = matchMedia('(min-width: 768px)');

// host: the <details> of the page; report: { dialect, counts, lines } in the reader's language; show(id): go to an element
export function showReport(host, { dialect, counts, lines }, address, show) {
  host.querySelector('[data-dialect]').textContent = dialect;
  host.querySelector('[data-counts]').replaceChildren(...counts.map(({ label, tone, count }) => badge(tone, `${label} ${count}`)));
  host.querySelector('ol').replaceChildren(...lines.map(line => item(line, show)));
  host.querySelector('button#report-away').addEventListener('click', async () => {
    try {
      await send('DELETE', address);
      host.hidden = true;
    } catch (error) {
      toast({ level: 'danger', text: error.message });
    }
  });
  host.hidden = false;
  host.open = ROOM.matches;
}

function item({ element, name, notes }, show) {
  const row = document.createElement('li'), line = document.createElement(element ? 'button' : 'div');
  line.className = 'tk-report-line';
  if (element) {
    Object.assign(line, { type: 'button', title: element });
    line.addEventListener('click', () => show(element));
    line.append(span('fw-medium', name || element));
  }
  for (const { label, tone, text, hint } of notes) {
    const note = span('tk-report-note', '');
    note.append(badge(tone, label), span('', text), ' ', span('tk-report-hint', hint));
    line.append(note);
  }
  row.append(line);
  return row;
}

function badge(tone, text) {
  return span(`badge me-1 bg-${tone}-lt`, text);
}

function span(className, textContent) {
  return Object.assign(document.createElement('span'), { className, textContent });
}
