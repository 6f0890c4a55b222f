// Which rules the scenarios of the asking processes go through: run when asked, marked on the rows until the file changes.
import { send } from '../shared/http.js';
import { t } from '../shared/i18n.js';

export class Coverage {
  // saved(): the draft is what is shown; marked(rules): id -> whether a scenario fires it, null to forget
  constructor({ button, result, address, saved, marked }) {
    Object.assign(this, { button, result, address, saved, marked });
    button.addEventListener('click', () => this.#run());
  }

  forget() {
    if (this.result.dataset.shown === undefined) return;
    delete this.result.dataset.shown;
    this.result.replaceChildren();
    this.marked(null);
  }

  async #run() {
    this.button.disabled = true;
    try {
      if (!await this.saved()) throw new Error(t('Your changes were not saved.'));
      const { rules, processes } = await send('POST', this.address);
      this.#show(Object.values(rules), processes);
      this.marked(rules);
    } catch (error) {
      this.result.replaceChildren(line(error.message, 'text-danger-emphasis'));
    } finally {
      this.button.disabled = false;
    }
  }

  #show(rules, processes) {
    const all = rules.length, fired = rules.filter(Boolean).length;
    const summary = !processes.length ? t('No process asks this decision yet.') : t('Scenarios go through {fired} of {all} rules.', { fired, all });
    this.result.replaceChildren(line(summary, 'fw-medium'), ...processes.map(told));
    this.result.dataset.shown = '';
  }
}

function told({ name, address, problem, number, failed }) {
  const text = problem ? t('cannot be run: {reason}', { reason: problem }) : !number ? t('has no scenario') : failed ? t('{failed} of {number} scenarios failed', { failed, number }) : t('{number} scenarios passed', { number });
  const said = line('', problem || failed ? 'text-danger-emphasis' : 'text-secondary');
  said.append(Object.assign(document.createElement('a'), { href: address, textContent: name, className: 'text-decoration-underline' }), `: ${text}`);
  return said;
}

function line(textContent, className) {
  return Object.assign(document.createElement('p'), { textContent, className: `mb-1 ${className}` });
}
