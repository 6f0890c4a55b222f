// The form as its people get it: the server applies permissions and computes, a page in a frame shows it as wide as it will be.
import { send } from '../shared/http.js';
import { t } from '../shared/i18n.js';

const AFTER_MS = 400;

export class Preview {
  #timer = null;
  #asked = 0;
  #ready = null;
  sample = {};

  // content(): the form now; parts: elements of the page
  constructor({ address, frame: source, content, language, parts }) {
    Object.assign(this, { address, source, content, language, parts, width: 375, use: parts.use.value });
    this.#open();
    parts.use.addEventListener('change', () => { this.use = parts.use.value; this.now(); });
    parts.sample.addEventListener('input', () => this.#typed());
    parts.bar.addEventListener('click', ({ target }) => {
      const button = target.closest('[data-width], [data-language]');
      if (!button) return;
      for (const other of button.parentElement.children) {
        other.classList.toggle('active', other === button);
        other.setAttribute('aria-pressed', String(other === button));
      }
      if (button.dataset.width) this.#resize(Number(button.dataset.width));
      else { this.language = button.dataset.language; this.#open(); this.now(); }
    });
    new ResizeObserver(() => this.#fit()).observe(parts.stage);
  }

  soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), AFTER_MS);
  }

  // Newest answer wins
  async now(filled = '') {
    clearTimeout(this.#timer);
    const mine = ++this.#asked, { unshown } = this.parts;
    try {
      const page = await this.#ready;
      const answer = await send('POST', this.address, {
        content: this.content(), use: this.use, data: JSON.stringify(this.sample), language: this.language, filled,
      });
      if (mine !== this.#asked) return;
      if (answer.unshown) throw new Error(answer.unshown);
      unshown.hidden = true;
      page.show(answer);
    } catch (error) {
      if (mine !== this.#asked) return;
      unshown.textContent = t('The preview shows the form before: {reason}', { reason: error.message });
      unshown.hidden = false;
    }
  }

  #open() {
    const { frame } = this.parts;
    this.#ready = new Promise((done, failed) => {
      frame.onload = () => {
        const page = frame.contentWindow.tkPreview;
        if (!page) { failed(new Error(t('The preview could not be loaded.'))); return; }
        page.onChanged = data => this.#took(data);
        page.onSent = data => { this.#took(data); this.now(JSON.stringify(data)); };
        new ResizeObserver(() => this.#fit()).observe(frame.contentDocument.querySelector('main'));
        done(page);
      };
      frame.src = `${this.source}?language=${this.language}`;
    });
  }

  #took(data) {
    this.sample = { ...this.sample, ...data };
    if (document.activeElement !== this.parts.sample) this.parts.sample.value = JSON.stringify(this.sample, null, 2);
  }

  #typed() {
    const { sample, sampleError } = this.parts;
    try {
      const found = JSON.parse(sample.value);
      if (typeof found !== 'object' || found === null || Array.isArray(found)) throw new Error(t('Expected {…}'));
      this.sample = found;
      sampleError.hidden = true;
      this.soon();
    } catch (error) {
      sampleError.textContent = t('This is no JSON: {reason}', { reason: error.message });
      sampleError.hidden = false;
    }
  }

  #resize(width) {
    this.width = width;
    this.#fit();
  }

  // the frame has its real width and is drawn smaller where there is less room
  #fit() {
    const { frame, stage } = this.parts, main = frame.contentDocument?.querySelector('main');
    if (!main || !stage.clientWidth) return;
    const scale = Math.min(1, stage.clientWidth / this.width), height = Math.max(main.scrollHeight + 16, 160);
    frame.style.width = `${this.width}px`;
    frame.style.height = `${height}px`;
    frame.style.transform = `scale(${scale})`;
    stage.style.height = `${Math.ceil(height * scale)}px`;
  }
}
