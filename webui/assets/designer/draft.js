// The draft on the server: saved one second after the last change, at least every ten; the ETag decides who may write.
// What has not arrived there yet lies in the browser, if the page says under which id and how the drawing looks now.
import { Offline, Refused, send } from '../shared/http.js';
import { forget, keep } from '../shared/unsent.js';

const QUIET_MS = 1_000, LONGEST_MS = 10_000, KEPT_MS = 250, AGAIN_MS = 5_000;
const EXPIRED = 'page_expired', SIGNED_OUT = 401;

export class Draft {
  #timer = null;
  #since = 0;
  #saving = null;
  #keeping = null;

  // unsent, glance(): id of unsent work in the browser, and the drawing without leaving the field that is typed in.
  // xml(): the drawing now, sent as `field`; onState(state, detail): unsaved, saving, saved, conflict, failed,
  // offline (tried again), expired (nothing is taken from this page any more). `told`: the state that a toast has told
  constructor({ address, etag, xml, onState, unsent = null, glance = null, field = 'xml' }) {
    Object.assign(this, { address, etag, xml, onState, unsent, glance, field, state: 'saved', told: '', ours: async () => true });
    addEventListener('online', () => this.#again());
    addEventListener('beforeunload', event => { if (!['saved', 'stopped'].includes(this.state)) event.preventDefault(); });
  }

  // nothing is taken from this page any more: what is on the canvas lies in the browser, and the page may go
  async letGo() {
    await this.#put();
    this.stop();
  }

  // somebody else edits: nothing is saved from here any more
  stop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#keeping);
    this.state = 'stopped';
  }

  changed() {
    if (this.state === 'stopped') return;
    this.#keep();
    if (this.state !== 'conflict') this.#become('unsaved');
    this.#since ||= Date.now();
    clearTimeout(this.#timer);
    const wait = Math.max(0, Math.min(QUIET_MS, this.#since + LONGEST_MS - Date.now()));
    this.#timer = setTimeout(() => { if (this.state === 'unsaved') this.save(); }, wait);
  }

  // resolves with whether the server has what is on the canvas; `force`: over what somebody else wrote meanwhile
  async save({ force = false } = {}) {
    if (this.state === 'stopped') return false;
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
      const { etag, saved_at: savedAt } = await send('PUT', this.address, { [this.field]: await this.xml() }, { 'If-Match': force ? '*' : this.etag });
      this.etag = etag;
      if (this.state === 'saving') {
        clearTimeout(this.#keeping);
        if (this.unsent) await forget(this.unsent);
        if (this.state === 'saving') this.#become('saved', { savedAt });      // nothing was changed meanwhile
      }
      return true;
    } catch (error) {
      const state = whatFailed(error);
      if (state === 'failed' && !(error instanceof Refused)) console.error(error);
      this.#become(state, error.body ?? { detail: error.message });
      if (state === 'offline') this.#timer = setTimeout(() => this.#again(), AGAIN_MS);
      return false;
    }
  }

  // after a time without the server somebody else may edit: `ours` asks first
  async #again() {
    clearTimeout(this.#timer);
    if (this.state !== 'offline') return;
    if (await this.ours()) await this.save();
    else if (this.state === 'offline') this.#timer = setTimeout(() => this.#again(), AGAIN_MS);
  }

  #keep() {
    if (!this.unsent) return;
    clearTimeout(this.#keeping);
    this.#keeping = setTimeout(() => this.#put(), KEPT_MS);
  }

  async #put() {
    await keep(this.unsent, { xml: await this.glance(), etag: this.etag, at: new Date().toISOString() });
  }

  #become(state, detail = {}) {
    this.state = state;
    this.onState(state, detail);
  }
}

// offline, conflict, expired, failed
export function whatFailed(error) {
  if (!(error instanceof Refused)) return error instanceof Offline ? 'offline' : 'failed';
  if (error.status === 409 || error.status === 412) return 'conflict';
  return error.status === SIGNED_OUT || error.body?.code === EXPIRED ? 'expired' : 'failed';
}
