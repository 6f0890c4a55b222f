// The form of a process as rows: who edits it, and what is typed when somebody else takes over.
import { edits } from '../designer/lock.js';
import { sendForm } from '../shared/http.js';

const form = document.getElementById('form-fields');
let typed = 'unsaved' in form.dataset;

const draft = { get state() { return typed ? 'unsaved' : 'saved'; }, stop() { typed = false; } };
edits({ addresses: { lock: form.dataset.lock } }, draft, keep).beat();
form.addEventListener('input', () => { typed = true; });
form.addEventListener('submit', () => { typed = false; });
addEventListener('beforeunload', event => { if (typed) event.preventDefault(); });

// gives the address of the copy beside the draft
async function keep() {
  const rows = new FormData(form);
  rows.set('do', 'aside');
  return (await sendForm(form.action, rows)).address;
}
