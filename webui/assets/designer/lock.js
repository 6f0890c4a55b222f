// Who edits: a sign of life every 20 seconds; whoever has lost the draft to somebody else is told, his work becomes a copy.
import { Refused, csrfToken, send } from '../shared/http.js';
import { t } from '../shared/i18n.js';
import { toast } from '../shared/toast.js';

const EVERY_MS = 20_000;

// keep(): puts aside what is not saved, gives the address of the comparison or null
export function edits(page, draft, keep) {
  const address = page.addresses.lock;
  const dialog = document.getElementById('taken');
  const beat = async () => {
    let lock;
    try {
      lock = await send('POST', address);
    } catch (error) {
      if (!(error instanceof Refused)) return;      // no network: the next one tells, and so does the next save
      clearInterval(timer);
      toast({ level: 'danger', text: error.message });
      return;
    }
    if (lock.mine) return;
    clearInterval(timer);
    await lost(lock);
  };
  const lost = async ({ name, since }) => {
    const kept = draft.state === 'saved' ? null : await keep();
    draft.stop();
    const time = new Date(since).toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' });
    dialog.querySelector('[data-who]').textContent = t('{name} has taken over at {time}.', { name, time });
    for (const part of dialog.querySelectorAll('[data-kept], [data-compare]')) part.hidden = !kept;
    if (kept) dialog.querySelector('[data-compare]').href = kept;
    dialog.addEventListener('cancel', event => event.preventDefault());
    dialog.showModal();
  };
  const timer = setInterval(beat, EVERY_MS);
  addEventListener('pagehide', () => {
    fetch(address, { method: 'DELETE', keepalive: true, headers: { Accept: 'application/json', 'X-CSRFToken': csrfToken() } });
  });
  addEventListener('pageshow', event => { if (event.persisted) beat(); });
  return { beat };
}
