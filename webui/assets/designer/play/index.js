// Trying the drawing as it stands on the canvas: the server plays every step from the start and says where it stands; the page
// keeps the steps, marks the drawing and sends the next one.
import { fit } from '../../shared/fit.js';
import { Refused, send } from '../../shared/http.js';
import { t } from '../../shared/i18n.js';
import { whileBusy } from '../../shared/ready.js';
import { toast } from '../../shared/toast.js';

const MARKERS = ['passed', 'active', 'incident'];
const READABLE = 0.5;
const FRESH = 'tk-fresh', TAKEN = 'tk-taken';

class Play {
  static $inject = ['canvas', 'elementRegistry', 'eventBus'];
  #marked = [];
  #steps = [];
  #given = null;
  #at = ['', ''];
  #turn = Promise.resolve();
  #acting = false;
  #follows = null;      // a scenario of the file: its name, how many of its steps were played, of how many

  constructor(canvas, elementRegistry, eventBus) {
    Object.assign(this, { canvas, elementRegistry, eventBus, sample: false, person: '' });
  }

  // host: the panel; others: what it takes the place of; button: shows whether a trial is on; person: who starts at first
  attach({ host, others, button, address, xml, onFindings, person = '' }) {
    Object.assign(this, { host, others, button, address, xml, onFindings, person });
    button.addEventListener('click', () => this.toggle());
    host.addEventListener('click', event => this.#click(event));
    host.addEventListener('change', event => this.#change(event));
    host.addEventListener('submit', event => this.#submit(event));
  }

  get on() {
    return !this.host.hidden;
  }

  get script() {
    return { person: this.person, given: this.#given, steps: this.#steps, sample: this.sample, follows: this.#follows };
  }

  async toggle() {
    if (this.on) {
      this.#close();
      return;
    }
    this.#show(true);
    fit({ get: () => this.canvas }, matchMedia('(max-width: 767px)').matches ? 16 : 110, { readable: READABLE });
    if (await this.#ask()) this.host.querySelector('h2')?.focus();
    else if (!this.host.childElementCount) this.#close();
  }

  // a scenario of the file, step by step
  async follow(name) {
    this.#follows = { name, acts: 0 };
    await this.toggle();
  }

  #close() {
    this.#show(false);
    this.#unmark();
    this.button.focus();
  }

  #show(on) {
    this.host.hidden = !on;
    this.host.closest('.tk-designer').classList.toggle('tk-trying', on);
    for (const other of this.others) other.classList.toggle('tk-set-aside', on);
    this.button.setAttribute('aria-pressed', on);
    this.button.classList.toggle('active', on);
  }

  // one question after the other: the next goes on from what the one before has brought, which `change`, a function, sees
  #ask(change = () => ({})) {
    const mine = this.#turn.then(() => this.#put(change()));
    this.#turn = mine.catch(() => {});
    return mine;
  }

  // `change`: what the question holds beside what is known; kept only when the server could do it
  async #put({ opinion = '', ...change }) {
    const next = { person: this.person, given: this.#given, steps: this.#steps, sample: this.sample, follows: this.#follows, at: this.#at, ...change };
    try {
      const answer = await whileBusy(send('POST', this.address, { xml: await this.xml(), ...next }));
      if (!this.on) return false;
      Object.assign(this, { person: next.person, sample: next.sample });
      this.#given = next.given;
      this.#steps = next.steps;
      this.#at = next.at;
      this.#follows = answer.follows ?? null;
      if (answer.stopped !== null && answer.stopped !== undefined) this.#stopped(answer.stopped - 1);
      this.#draw(answer, { opinion });
      return true;
    } catch (error) {
      if (!this.on) return false;
      if (error instanceof Refused && error.body?.html) this.#draw(error.body, { keep: true });
      else toast({ level: 'danger', text: error.message });
      if (error instanceof Refused && error.body?.findings) this.onFindings(error.body.findings);
      return false;
    }
  }

  // the first `acts` acts are what could be played
  #stopped(acts) {
    const told = this.#follows?.acts ?? 0;
    this.#steps = upTo(this.#steps, Math.max(acts - told, 0));
    if (acts < told) this.#follows = { ...this.#follows, acts };
  }

  #draw({ html, markers, flows, fresh }, { keep = false, opinion = keep ? this.host.querySelector('[name=opinion]')?.value : '' } = {}) {
    this.host.replaceChildren(...new DOMParser().parseFromString(html, 'text/html').body.childNodes);
    const field = this.host.querySelector('[name=opinion]');
    if (field && opinion) field.value = opinion;
    if (keep) this.host.querySelector('[role=alert]')?.scrollIntoView({ block: 'nearest' });
    else {
      this.host.scrollTop = 0;
      this.host.firstElementChild?.scrollIntoView({ block: 'nearest' });
    }
    this.#unmark();
    for (const [id, marker] of Object.entries(markers)) {
      const element = this.elementRegistry.get(id);
      if (MARKERS.includes(marker) && element && !(marker === 'active' && element.children?.length)) this.#mark(id, `tk-${marker}`);
    }
    for (const id of flows) this.#mark(id, TAKEN);
    for (const id of fresh) this.#mark(id, FRESH);
    this.canvas.resized();
    const here = Object.keys(markers).find(id => markers[id] !== 'passed' && this.elementRegistry.get(id));
    if (here) this.canvas.scrollToElement(here, 60);
  }

  #mark(id, marker) {
    if (!this.elementRegistry.get(id)) return;
    this.canvas.addMarker(id, marker);
    this.#marked.push([id, marker]);
  }

  #unmark() {
    for (const [id, marker] of this.#marked) if (this.elementRegistry.get(id)) this.canvas.removeMarker(id, marker);
    this.#marked = [];
  }

  #add(step, typed) {
    return this.#ask(() => ({ steps: [...this.#steps, step], typed }));
  }

  #click({ target }) {
    const button = target.closest('[data-play]');
    const act = button?.dataset.play;
    if (act === 'close') this.#close();
    else if (act === 'restart') this.#ask(() => ({ given: null, steps: [], at: ['', ''], follows: this.#follows && { ...this.#follows, acts: 0 } }));
    else if (act === 'next') this.#ask(() => ({ steps: [], at: ['', ''], follows: { ...this.#follows, acts: this.#follows.acts + 1 } }));
    else if (act === 'back') this.#ask(() => this.#back());
    else if (act === 'look') this.#ask(() => ({ at: [button.dataset.node, button.dataset.login] }));
    else if (act === 'after') this.#add({ after: button.value });
    else if (act === 'withdraw') this.#add({ withdraw: t('withdrawn'), as: this.person });
    else if (act === 'again') this.#add({ 'submit again': true, as: this.person });
  }

  #back() {
    const acts = this.#steps.filter(step => !('operation' in step)), last = acts.at(-1);
    if (last) return { steps: upTo(this.#steps, acts.length - 1), ...typedIn(last) };
    if (this.#follows?.acts) return { steps: [], at: ['', ''], follows: { ...this.#follows, acts: this.#follows.acts - 1 } };
    return { given: null, steps: [], typed: this.#given, follows: null };
  }

  #change({ target }) {
    if (target.dataset.play === 'person') this.#ask(() => ({ person: target.value }));
    else if (target.dataset.play === 'sample') this.#ask(() => ({ sample: target.checked }));
  }

  #submit(event) {
    const form = event.target.closest('[data-play-form]');
    if (!form || event.target !== form) return;
    event.preventDefault();
    if (this.#acting) return;      // sent twice
    this.#acting = true;
    this.#act(form, event.submitter).finally(() => { this.#acting = false; });
  }

  async #act(form, submitter) {
    const { playForm, node, login, name, key } = form.dataset, said = new FormData(form), act = submitter?.value;
    const typed = said.get('data') ? JSON.parse(said.get('data')) : {};
    if (playForm === 'start') await this.#ask(() => ({ given: typed, steps: [], typed }));
    else if (playForm === 'task') await this.#add({ task: node, as: login, [act]: decision(act, typed, said) }, typed);
    else if (playForm === 'save') await this.#save(said.get('name'), form);
    else if (playForm === 'answer') await this.#answer(form.dataset, submitter, answered(form));
    else await this.#add({ [playForm]: name, ...(playForm === 'message' && key ? { key: JSON.parse(key) } : {}), with: said.get('with') });
  }

  async #save(name, form) {
    try {
      await this.#turn;
      await whileBusy(send('POST', `${this.address}/scenario`, { xml: await this.xml(), ...this.script, name }));
      form.reset();
      toast({ level: 'success', text: t('Kept as scenario “{name}”; it is published with the drawing.', { name }) });
    } catch (error) {
      toast({ level: 'danger', text: error.message });
    }
  }

  // another answer for a call that was made in act number `act`: told after the step, before the next one
  #answer({ act, operation, index }, { value, dataset }, returns) {
    const told = { operation, ...(value === 'returns' ? { returns } : value === 'fails' ? { 'fails with': dataset.code } : { raises: 'OutOfOrder' }) };
    return this.#ask(() => {
      const before = upTo(this.#steps, Number(act) - (this.#follows?.acts ?? 0));
      const here = before.length - trailing(before);
      const stubs = before.slice(here), rest = this.#steps.slice(before.length);
      const same = stubs.map((stub, place) => [stub, place]).filter(([stub]) => stub.operation === operation)[Number(index)];
      if (same) stubs[same[1]] = told;
      else stubs.push(told);
      return { steps: [...before.slice(0, here), ...stubs, ...rest] };
    });
  }
}

function decision(act, typed, said) {
  const opinion = said.get('opinion').trim();
  if (act === 'complete') return typed;
  if (act === 'return') return { to: said.get('to'), opinion };
  return { ...(act === 'agree' ? typed : {}), ...(opinion ? { opinion } : {}) };
}

// what a step that is taken back was typed as, for the person who did it
function typedIn({ task, as, agree, complete, reject, return: back }) {
  if (!task) return {};
  const { opinion = '', ...typed } = agree ?? reject ?? back ?? complete ?? {};
  return { at: [task, as], again: true, typed: complete ?? (agree ? typed : {}), opinion: complete ? '' : opinion };
}

// what was typed for each result of an operation, as lines of FEEL; one without a value is not given, but for a text that was: it is empty
function answered(form) {
  const written = { text: value => JSON.stringify(value).replace(/[\u0085\u2028\u2029]/g, sign => `\\u${sign.charCodeAt().toString(16).padStart(4, '0')}`), moment: value => `@"${value}"`, feel: value => value.replace(/\s*\n\s*/g, ' ') };
  return [...form.querySelectorAll('[data-answer]')].filter(({ value, dataset }) => value.trim() || 'given' in dataset).map(({ value, dataset }) => `${dataset.answer} = ${written[dataset.as](value)}`).join('\n');
}

// the first `acts` acts with what operations are told to answer in them
function upTo(steps, acts) {
  let seen = 0;
  const end = steps.findIndex(step => !('operation' in step) && ++seen > acts);
  return end === -1 ? steps : steps.slice(0, end);
}

function trailing(steps) {
  let count = 0;
  while (count < steps.length && 'operation' in steps[steps.length - 1 - count]) count += 1;
  return count;
}

export default { __init__: ['troikaPlay'], troikaPlay: ['type', Play] };
