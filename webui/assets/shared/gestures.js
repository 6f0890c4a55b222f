// What a page may ask of a click without a script of its own, by attributes, also in parts that htmx swaps in:
//   data-opens="#id"    show the dialog          data-closes   close the dialog around
//   data-unfolds="#id" of a link with role=button: show or hide what is folded away, on the page that the link leads to without a script
//   data-submits        submit the form at a change
//   data-fill='{…}'     fill the fields of the form around by name and submit it
//   data-writes="#id"   put the button's value into the text field
//   data-outdates="#id" of a form: after a change nothing of it opens any more, and the note #id says why
document.addEventListener('click', event => {
  const button = event.target.closest?.('[data-opens], [data-closes], [data-fill], [data-writes]');
  if (!button) return;
  if (button.dataset.opens) document.querySelector(button.dataset.opens).showModal();
  if ('closes' in button.dataset) button.closest('dialog').close();
  if (button.dataset.writes) {
    const field = document.querySelector(button.dataset.writes);
    field.value = field.value.trim() ? `${field.value.trimEnd()} ${button.value}` : button.value;
    field.focus();
  }
  if (button.dataset.fill) {
    const form = button.form ?? button.closest('form') ?? document.querySelector('form');
    for (const [name, value] of Object.entries(JSON.parse(button.dataset.fill))) form.elements.namedItem(name).value = value;
    form.requestSubmit();
  }
});

document.addEventListener('click', event => {
  const link = event.target.closest?.('[data-unfolds]');
  if (!link) return;
  event.preventDefault();
  link.ariaExpanded = document.querySelector(link.dataset.unfolds).classList.toggle('show');
});
document.addEventListener('keydown', event => {      // a link that is a button is pressed by the space bar too
  if (event.key !== ' ' || !event.target.matches?.('[data-unfolds]')) return;
  event.preventDefault();
  event.target.click();
});

document.addEventListener('change', event => {
  if (event.target.matches?.('[data-submits]')) event.target.form.requestSubmit();
  const outdated = event.target.closest?.('[data-outdates]');
  if (!outdated) return;
  for (const button of outdated.querySelectorAll('[data-opens]')) button.disabled = true;
  document.querySelector(outdated.dataset.outdates).hidden = false;
});
