// A link with `data-dialog` leads to a page that asks for something; here it asks in a dialog, whose form htmx sends.
import htmx from 'htmx.org';

function dialog() {
  const known = document.getElementById('tk-dialog');
  if (known) return known;
  const made = Object.assign(document.createElement('dialog'), { id: 'tk-dialog' });
  made.setAttribute('aria-labelledby', 'tk-dialog-title');
  return document.body.appendChild(made);
}

document.addEventListener('click', async event => {
  const link = event.target.closest?.('a[data-dialog]');
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  link.closest('details')?.removeAttribute('open');
  const box = dialog();
  box.replaceChildren();
  await htmx.ajax('GET', link.getAttribute('href'), { target: box });
  if (box.childElementCount && !box.open) box.showModal();
});

// a menu behind a <details> closes when something else is clicked, or by Escape
const shut = clicked => { for (const menu of document.querySelectorAll('details.tk-more[open]')) if (!menu.contains(clicked)) menu.open = false; };
document.addEventListener('click', ({ target }) => shut(target));
document.addEventListener('keydown', ({ key }) => { if (key === 'Escape') shut(null); });

// an act that decides too (a signer after me) goes with what stands in the form of the task, and with what was seen of it
document.addEventListener('htmx:configRequest', ({ detail }) => {
  if (!detail.elt.matches?.('form[data-with-form]')) return;
  const seen = document.querySelector('#task-form [name="seen_digest"]');
  if (seen) detail.parameters.seen_digest = seen.value;
  for (const field of document.querySelectorAll('#task-form [name^="signature"]')) {
    if (field.type === 'radio' || field.type === 'checkbox' ? field.checked : field.value) detail.parameters[field.name] = field.value;
  }
  const form = document.querySelector('#task-form tk-form')?.form;
  if (form && !form._getState().properties.readOnly) detail.parameters.data = JSON.stringify(form.submit().data);
});
