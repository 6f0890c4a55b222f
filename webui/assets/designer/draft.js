// The draft on the server: saved one second after the last change, at least every ten; the ETag decides who may write.
import { Refused, send } from '../shared/http.js';

const QUIET_MS = 1_000, LONGEST_MS = 10_000;

export class Draft {
  #timer = null;
  #since = 0;
  #saving = null;

  // xml(): the drawing now; onState(state, detail): unsaved, saving, saved, conflict, failed
  constructor({ address, etag, xml, onState }) {
    Object.assign(this, { address, etag, xml, onState, state: 'saved' });
    addEventListener('beforeunload', event => { if (this.state !== 'saved') event.preventDefault(); });
  }

  changed() {
    if (this.state !== 'conflict') this.#become('unsaved');
    this.#since ||= Date.now();
    clearTimeout(this.#timer);
    const wait = Math.max(0, Math.min(QUIET_MS, this.#since + LONGEST_MS - Date.now()));
    this.#timer = setTimeout(() => { if (this.state === 'unsaved') this.save(); }, wait);
  }

  // resolves with whether the server has what is on the canvas; `force`: over what somebody else wrote meanwhile
  async save({ force = false } = {}) {
    clearTimeout(this.#timer);
    if (this.#saving) this.#become('unsaved');      // what is on its way is not the last word
    await this.#saving;
    this.#saving = this.#write(force);
    try {
      return await this.#saving;
    } finally {
      this.#saving = null;
    }
  }

  async #write(force) {
    this.#since = 0;
    this.#become('saving');
    try {
      const { etag, saved_at: savedAt } = await send('PUT', this.address, { xml: await this.xml() }, { 'If-Match': force ? '*' : this.etag });
      this.etag = etag;
      if (this.state === 'saving') this.#become('saved', { savedAt });
      return true;
    } catch (error) {
      const theirs = error instanceof Refused && (error.status === 409 || error.status === 412);
      this.#become(theirs ? 'conflict' : 'failed', error.body ?? { detail: error.message });
      return false;
    }
  }

  #become(state, detail = {}) {
    this.state = state;
    this.onState(state, detail);
  }
}
