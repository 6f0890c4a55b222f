// Who edits: a sign of life every 20 seconds; whoever has lost the draft to somebody else is told, his work becomes a copy.
import { Offline, Refused, csrfToken, send } from '../shared/http.js';
import { t } from '../shared/i18n.js';
import { toast } from '../shared/toast.js';

const EVERY_MS = 20_000;

// beat(): whether the draft is still ours, as far as the server could say
// keep(): puts aside what is not saved, gives the address of the comparison; refused or cut off, it is asked for again
export function edits(page, draft, keep) {
  const address = page.addresses.lock;
  const dialog = document.getElementById('taken');
  let gone = false;
  const beat = async () => {
    if (gone) return false;
    let lock;
    try {
      lock = await send('POST', address);
    } catch (error) {
      if (error instanceof Offline) return false;      // no network: the next one tells, and so does the next save
      clearInterval(timer);
      if (error.body?.code !== 'page_expired') toast({ level: 'danger', text: error.message });
      return true;
    }
    if (lock.mine || gone) return !gone;
    gone = true;
    clearInterval(timer);
    await lost(lock);
    return false;
  };
  // what is typed stays typed until there is a copy of it
  const putAside = async () => {
    let kept = null, failed = null;
    try {
      if (draft.state !== 'saved') kept = await keep();
      draft.stop();
    } catch (error) {
      failed = error;
    }
    for (const part of dialog.querySelectorAll('[data-kept]')) part.hidden = !kept;
    for (const part of dialog.querySelectorAll('[data-failed]')) part.hidden = !failed;
    dialog.querySelector('[data-look]').hidden = failed !== null;
    if (kept) dialog.querySelector('a[data-kept]').href = kept;
    dialog.querySelector('[data-reason]').textContent = failed instanceof Refused ? failed.message : '';
  };
  const lost = async ({ name, since }) => {
    const time = new Date(since).toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' });
    dialog.querySelector('[data-who]').textContent = t('{name} has taken over at {time}.', { name, time });
    dialog.querySelector('[data-again]').addEventListener('click', putAside);
    dialog.querySelector('[data-back]').addEventListener('click', () => dialog.close());
    await putAside();
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
