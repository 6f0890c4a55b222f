// Every page: the style of Tabler, htmx, the loaders of the custom elements, dialogs, toasts.
import '@tabler/core/dist/css/tabler.min.css';
import htmx from 'htmx.org';
import { csrfToken } from '../shared/http.js';
import { t } from '../shared/i18n.js';
import '../shared/ready.js';
import { LoadedElement } from '../shared/element.js';
import { toast } from '../shared/toast.js';
import '../shared/gestures.js';
import '../shared/dialogs.js';
import '../shared/pulse.js';
import '../styles/app.css';

// requests go to this site alone: that htmx does by itself
Object.assign(htmx.config, {
  allowEval: false, allowScriptTags: false, includeIndicatorStyles: false,
  historyCacheSize: 0,    // otherwise pages, salaries and amounts too, lie in localStorage
  responseHandling: [
    { code: '204', swap: false }, { code: '[23]..', swap: true }, { code: '409|422', swap: true, error: false },
    { code: '[45]..', swap: false, error: true },
  ],
});
document.addEventListener('htmx:configRequest', ({ detail }) => { detail.headers['X-CSRFToken'] = csrfToken(); });
document.addEventListener('htmx:responseError', ({ detail: { xhr } }) => toast({ level: 'danger', text: reason(xhr) }));
document.addEventListener('htmx:sendError', () => toast({ level: 'danger', text: t('The server cannot be reached. Nothing was changed.') }));
document.addEventListener('toast', ({ detail }) => toast(detail));

// A drawing needs a size to fit into: it waits until it can be seen, and the page does not wait for it.
class Diagram extends LoadedElement {
  static entry = 'viewer';
  begin() {
    const seen = new IntersectionObserver(entries => {
      if (!entries.some(entry => entry.isIntersecting)) return;
      seen.disconnect();
      super.begin();
    });
    seen.observe(this);
  }
}
customElements.define('tk-diagram', Diagram);
for (const entry of ['form', 'inbox', 'signature']) customElements.define(`tk-${entry}`, class extends LoadedElement { static entry = entry; });
customElements.define('tk-people', class extends LoadedElement {
  static entry = 'people';
  data() { return {}; }      // its `src` is asked while somebody types
  begin() {                  // one that is folded away waits until it can be seen
    const folded = this.closest('details:not([open])');
    if (folded) folded.addEventListener('toggle', () => { if (this.isConnected) super.begin(); }, { once: true });
    else super.begin();
  }
});

function reason(xhr) {
  const known = xhr.getResponseHeader('Content-Type')?.includes('json') ? JSON.parse(xhr.responseText) : {};
  return known.detail ?? known.message ?? t('The server refused ({status}).', { status: xhr.status });
}
