// A file of data, decided row by row on the server: what each row gave, what each rule hit, and all of it to download.
import { t } from '../shared/i18n.js';
import { offer, sendFile } from './sending.js';

export class Simulation {
  // address: of the server; asked(): {xml, decision} now; shown(coverage)
  constructor({ form, button, error, result, address, asked, shown }) {
    Object.assign(this, { form, button, error, result, address, asked, shown });
    form.addEventListener('submit', event => { event.preventDefault(); this.#run(); });
    form.elements.file.addEventListener('change', () => { button.disabled = true; });
    button.addEventListener('click', () => this.#download());
  }

  async #send(more = {}) {
    return sendFile(this.address, { ...await this.asked(), ...more, file: this.form.elements.file.files[0] });
  }

  async #run() {
    const submit = this.form.querySelector('[type=submit]');
    submit.disabled = true;
    this.error.hidden = true;
    try {
      const found = await (await this.#send()).json();
      this.#show(found);
      this.shown(found.coverage);
      this.button.disabled = false;
    } catch (error) {
      this.result.replaceChildren();
      this.error.textContent = error.message;
      this.error.hidden = false;
    } finally {
      submit.disabled = false;
    }
  }

  async #download() {
    const answer = await this.#send({ as: 'xlsx' });
    await offer(answer, 'results.xlsx');
  }

  #show({ heading, rows, count, failed, shown, coverage, missing, ignored }) {
    const unhit = coverage.filter(({ hits }) => !hits);
    const lines = [t('{count} rows, {failed} with problems.', { count, failed })];
    lines.push(unhit.length ? t('Rules that no row hits: {rules}', { rules: unhit.map(({ number }) => number).join(', ') }) : t('Every rule was hit.'));
    if (missing.length) lines.push(t('No column for: {names}', { names: missing.join(', ') }));
    if (ignored.length) lines.push(t('Columns that are no input: {names}', { names: ignored.join(', ') }));
    if (count > shown) lines.push(t('The first {shown} rows are shown; the download has all.', { shown }));
    const table = document.createElement('table');
    table.className = 'table table-sm';
    table.append(line('th', ['#', ...heading, t('Result'), t('Rules')]));
    for (const { number, data, value, rules, problems } of rows) {
      const row = line('td', [number, ...data, problems.join(' ') || value || 'null', rules.map(rule => rule.number).join(', ')]);
      if (problems.length) row.className = 'text-red';
      table.append(row);
    }
    const box = Object.assign(document.createElement('div'), { className: 'table-responsive tk-data', tabIndex: 0 });
    box.append(table);
    this.result.replaceChildren(...lines.map(text => Object.assign(document.createElement('p'), { className: 'mb-1', textContent: text })), box);
  }
}

function line(tag, texts) {
  const row = document.createElement('tr');
  row.append(...texts.map(text => Object.assign(document.createElement(tag), { textContent: text })));
  return row;
}
