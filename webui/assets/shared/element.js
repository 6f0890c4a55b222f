// A custom element whose weight is loaded when the first one appears in a page, also in one that htmx swapped in.
// Its data stand in a child <script type="application/json">, in a <template> where htmx brings it (it takes scripts away), or at `src`.
import { t } from './i18n.js';
import { whileBusy } from './ready.js';

export class LoadedElement extends HTMLElement {
  #stop = null;

  connectedCallback() {
    if (!this.hasAttribute('data-ready')) this.begin();
  }

  disconnectedCallback() {
    this.#stop?.();
    this.#stop = null;
    delete this.dataset.ready;
  }

  begin() {
    whileBusy(this.#draw());
  }

  async #draw() {
    try {
      const [{ show }, data] = await Promise.all([load(this.constructor.entry), this.data()]);
      if (!this.isConnected) return;
      this.#stop = await show(this, data);
      this.dataset.ready = '';
    } catch (error) {
      console.error(error);
      this.dataset.failed = '';
      this.append(Object.assign(document.createElement('div'), {
        className: 'alert alert-danger', role: 'alert', textContent: t('This part of the page could not be shown: {reason}', { reason: error.message }),
      }));
    }
  }

  async data() {
    const inline = this.querySelector(':scope > :is(script[type="application/json"], template)');
    if (inline) return JSON.parse((inline.content ?? inline).textContent);
    const address = this.getAttribute('src');
    if (!address) return {};
    const response = await fetch(address, { headers: { Accept: 'application/json, application/xml' } });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return response.headers.get('Content-Type').includes('json') ? response.json() : { xml: await response.text() };
  }
}

const loaded = {};

function load(entry) {
  return loaded[entry] ??= part(JSON.parse(document.getElementById('tk-assets').textContent)[entry]);
}

const part = ({ js, css }) => Promise.all([import(js), css && styled(css)]).then(([module]) => module);

function styled(address) {
  return new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: address, onload: resolve, onerror: () => reject(new Error(`no style sheet ${address}`)) });
    // before ours, so that a page's own rules win
    document.head.insertBefore(link, document.head.querySelector('link[rel=stylesheet]')?.nextSibling ?? null);
  });
}
