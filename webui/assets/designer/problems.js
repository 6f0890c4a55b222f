// The list below the canvas: what the server found, each line leads to its element.
import { t } from '../shared/i18n.js';
import { getPart, Offline, Refused } from '../shared/http.js';
import { stepper } from '../shared/walk.js';

const LEVELS = { error: ['bg-red-lt', 'Error'], warn: ['bg-yellow-lt', 'Warning'], info: ['bg-azure-lt', 'Note'] };
const ORDER = Object.keys(LEVELS);

export class Problems {
  #current = -1;
  #folded = false;
  #hidden = new Set();      // levels that are not listed

  // show(element id, rule); play(steps) -> { show(index), clear() }; mend(fix)
  constructor(host, show, { play, mend } = {}) {
    Object.assign(this, { host, show, play, mend, findings: [], played: null, explained: null });
    host.addEventListener('click', ({ target }) => {
      const line = target.closest('[data-index]');
      if (line) this.#go(Number(line.dataset.index));
      const level = target.closest('[data-level]')?.dataset.level;
      if (level) this.#filter(level);
    });
    host.addEventListener('keydown', event => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!by || !event.target.matches('[data-index]')) return;
      event.preventDefault();
      this.#current = Number(event.target.dataset.index);
      this.step(by);
      host.querySelector(`[data-index="${this.#current}"]`).focus();
    });
    host.querySelector('ol').before(Object.assign(document.createElement('div'), { className: 'tk-problem-levels' }));
  }

  // whoever looks at one of them goes on with it while it is found
  set(findings) {
    const chosen = this.findings[this.#current];
    this.findings = sorted(findings);
    this.#current = chosen ? this.findings.findIndex(({ rule, element }) => rule === chosen.rule && element === chosen.element) : -1;
    this.#stop();
    const list = this.host.querySelector('ol');
    list.replaceChildren(...this.findings.map(line));
    if (this.#current < 0) this.explained = null;
    else this.#mark();
    if (this.explained) this.#line(this.#current).after(this.explained);
    const count = level => this.findings.filter(finding => finding.level === level).length;
    this.host.querySelector('summary').replaceChildren(
      `${t('Problems')} `, ...(this.findings.length
        ? ORDER.filter(count).map(level => badge(level, `${t(LEVELS[level][1])} ${count(level)}`))
        : [badge('none', t('none found'))]),
    );
    this.host.dataset.count = this.findings.length;
    const levels = ORDER.filter(count);
    this.host.querySelector('.tk-problem-levels').replaceChildren(...(levels.length > 1 ? levels.map(level => this.#switch(level)) : []));
    if (levels.length < 2) this.#hidden.clear();
    this.#list();
    if (this.findings.some(({ level }) => level !== 'info') && !this.host.dataset.touched) this.host.open = true;
  }

  // The same findings, told more exactly: what is open stays open, the focus stays where it is. False: they are others
  retell(findings) {
    const told = sorted(findings);
    if (told.map(identity).join() !== this.findings.map(identity).join()) return false;
    this.findings = told;
    told.forEach((finding, index) => this.#line(index).replaceChildren(...words(finding)));
    const { steps = [] } = told[this.#current] ?? {};
    this.played?.box.querySelectorAll('.tk-walk-step').forEach((line, place) => { line.lastChild.nodeValue = steps[place].text; });
    return true;
  }

  step(by) {
    const listed = this.findings.flatMap(({ level }, index) => (this.#hidden.has(level) ? [] : index));
    if (!listed.length) return;
    const at = listed.indexOf(this.#current);
    this.#go(listed[at < 0 ? (by > 0 ? 0 : listed.length - 1) : (at + by + listed.length) % listed.length]);
  }

  #switch(level) {
    const button = Object.assign(document.createElement('button'), { type: 'button', className: 'btn btn-sm', textContent: t(LEVELS[level][1]) });
    button.dataset.level = level;
    return button;
  }

  #filter(level) {
    if (!this.#hidden.delete(level)) this.#hidden.add(level);
    this.#list();
  }

  #list() {
    for (const button of this.host.querySelectorAll('[data-level]')) {
      button.setAttribute('aria-pressed', String(!this.#hidden.has(button.dataset.level)));
      button.classList.toggle('active', !this.#hidden.has(button.dataset.level));
    }
    this.findings.forEach(({ level }, index) => { this.host.querySelector(`[data-index="${index}"]`).parentElement.hidden = this.#hidden.has(level); });
  }

  #go(index) {
    this.#current = index;
    this.host.dataset.touched = '';
    this.host.open = true;
    this.#mark();
    const { element, rule, steps = [], fixes = [], why } = this.findings[index];
    this.#stop();
    if (this.explained) this.#folded = !this.explained.open;
    this.explained?.remove();
    this.explained = null;
    if (why) this.#explain(index, why);      // the canvas is as high as it stays before the element is looked for
    if (element) this.show(element, rule);
    if (this.play && (steps.length || fixes.length)) this.#play(index, steps, fixes);
  }

  #mark() {
    this.host.querySelectorAll('[data-index]').forEach((button, place) => button.classList.toggle('active', place === this.#current));
  }

  #line(index) {
    return this.host.querySelector(`[data-index="${index}"]`);
  }

  // what it means, drawn wrong and right; whoever folds it sees the next ones folded
  #explain(index, address) {
    const box = this.explained = Object.assign(document.createElement('details'), { className: 'tk-why', open: !this.#folded });
    const said = Object.assign(document.createElement('div'), { className: 'tk-why-said', textContent: t('Loading…') });
    box.append(Object.assign(document.createElement('summary'), { textContent: t('Why, and how it is right') }), said);
    box.addEventListener('toggle', () => { if (box.open) load(said, address); });
    this.#line(index).after(box);
    if (box.open) this.#line(index).scrollIntoView({ block: 'start' });
  }

  // the way that leads there, below the finding, with what would put it right
  #play(index, steps, fixes) {
    const way = this.play(steps);
    const box = steps.length ? stepper(steps, way.show) : bare();
    for (const fix of fixes) {
      box.firstChild.append(Object.assign(document.createElement('button'), { type: 'button', className: 'btn btn-sm tk-fix', textContent: fix.text, onclick: () => this.mend(fix) }));
    }
    this.#line(index).after(box);
    this.played = { way, box };
  }

  #stop() {
    this.played?.way.clear();
    this.played?.box.remove();
    this.played = null;
  }
}

function sorted(findings) {
  return [...findings].sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
}

function identity({ level, rule, element, steps = [] }) {
  return JSON.stringify([level, rule, element, steps.map(step => [step.element, step.flows])]);
}

function line(finding, index) {
  const item = document.createElement('li');
  const button = Object.assign(document.createElement('button'), { type: 'button', className: 'tk-problem', title: finding.rule });
  button.dataset.index = index;
  button.append(...words(finding));
  item.append(button);
  return item;
}

function words({ level, element, name, message, hint }) {
  return [badge(level, t(LEVELS[level][1])), span('tk-problem-element', name || element || ''), span('', message), span('text-secondary', hint ?? '')];
}

async function load(said, address) {
  if (said.dataset.loaded) return;
  said.dataset.loaded = '';
  try {
    said.replaceChildren(...await getPart(address));
  } catch (error) {
    delete said.dataset.loaded;
    said.textContent = error.status === 401
      ? t('You are signed out. What you did stays in this browser: load the page again, sign in and go on with it.')
      : t('It could not be loaded. Fold it and open it again.');
    if (!(error instanceof Refused || error instanceof Offline)) throw error;
  }
}

function bare() {
  const box = document.createElement('div');
  box.append(Object.assign(document.createElement('div'), { className: 'tk-walk-bar tk-walk-bar-alone' }));
  return box;
}

function badge(level, text) {
  return span(`badge me-1 ${LEVELS[level]?.[0] ?? 'bg-green-lt'}`, text);
}

function span(className, textContent) {
  return Object.assign(document.createElement('span'), { className, textContent });
}
