// The page inside the preview of a form: shows what it is told, says what was filled in. The parent has the same origin.
const form = document.getElementById('filling'), host = document.getElementById('shown');
const complaints = document.getElementById('complaints'), accepted = document.getElementById('accepted');

const page = {
  onChanged: () => {}, onSent: () => {},
  show({ accepted: taken = null, complaints: said = [], ...data }) {
    const shown = document.createElement('tk-form');
    shown.setAttribute('name', 'data');
    shown.append(Object.assign(document.createElement('script'), { type: 'application/json', textContent: JSON.stringify(data) }));
    host.replaceChildren(shown);
    complaints.hidden = !said.length;
    complaints.replaceChildren(...said.map(text => Object.assign(document.createElement('div'), { textContent: text })));
    accepted.hidden = taken === null;
    accepted.querySelector('pre').textContent = JSON.stringify(taken, null, 2);
  },
};
form.addEventListener('tk-changed', () => page.onChanged(JSON.parse(form.elements.data.value)));
form.addEventListener('submit', event => {
  event.preventDefault();
  page.onSent(JSON.parse(form.elements.data.value));
});
globalThis.tkPreview = page;
