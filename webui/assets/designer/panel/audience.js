// Two audiences, one switch: 设计 shows what the business decides, 实现 the technical groups too. It hides groups, never data.
import { h } from '@bpmn-io/properties-panel/preact';
import { useService } from 'bpmn-js-properties-panel';
import { fill } from '../../shared/i18n.js';

const TECHNICAL = new Set([
  'inputs', 'outputs', 'inputPropagation', 'outputPropagation', 'tk-operation', 'tk-inputs', 'tk-outputs', 'tk-webhooks', 'tk-template', 'script',
  'message', 'signal', 'error', 'escalation', 'link', 'compensation', 'tk-message',
]);
// what the business decides in one of them
const DECIDED = { error: 'tk-refusal' };
const KEPT = 'troika:designer-audience', DESIGN = 'design';

export class Audience {
  static $inject = ['eventBus'];

  constructor(eventBus) {
    this.eventBus = eventBus;
    this.designs = localStorage.getItem(KEPT) === DESIGN;
  }

  // host: a group of two buttons, whose value says for whom
  attach(host) {
    this.host = host;
    host.addEventListener('click', ({ target }) => { const button = target.closest('button'); if (button) this.choose(button.value === DESIGN); });
    this.#show();
  }

  choose(designs) {
    this.designs = designs;
    localStorage.setItem(KEPT, designs ? DESIGN : '');
    this.#show();
    this.eventBus.fire('propertiesPanel.providersChanged');
  }

  // a group that something leads to
  reveal(group) {
    if (this.designs && TECHNICAL.has(group)) this.choose(false);
  }

  // what is left of the groups, and a line that says what is not shown
  of(groups) {
    if (!this.designs) return groups;
    const kept = groups.map(group => (TECHNICAL.has(group.id) ? decided(group) : group)).filter(Boolean), hidden = groups.filter(({ id }) => TECHNICAL.has(id));
    return hidden.length ? [...kept, { id: 'tk-hidden', component: Hidden, hidden }] : kept;
  }

  #show() {
    for (const button of this.host?.querySelectorAll('button') ?? []) {
      const chosen = (button.value === DESIGN) === this.designs;
      button.setAttribute('aria-pressed', String(chosen));
      button.classList.toggle('active', chosen);
    }
  }
}

function decided(group) {
  const entries = (group.entries ?? []).filter(({ id }) => id === DECIDED[group.id]);
  return entries.length ? { ...group, entries } : null;
}

function Hidden({ hidden }) {
  const translate = useService('translate'), audience = useService('troikaAudience');
  return h('div', { class: 'tk-hidden-groups' }, fill(translate('Technical, under Implementation: {groups}'), { groups: hidden.map(({ label }) => label).join(translate(', ')) }), ' ',
    h('button', { type: 'button', class: 'btn btn-sm', onClick: () => audience.choose(false) }, translate('Show them')));
}
