// Conditions as rows and back, by the server: one grammar, whoever wrote the text. What a condition may ask about: names that
// the last check found, with the labels of form fields.

const DEPTH = 2, PLAIN = /^[\p{L}_][\p{L}\p{N}_]*$/u, COMPARED = ['number', 'string', 'boolean', 'date', 'date and time'];
const REQUESTER = { login: 'Person', department: 'Department', position: 'Position', name: 'Name' };
const OUTCOME = { outcome: 'Outcome', agreed: 'Number of agreements', rejected: 'Number of rejections' };

class Conditions {
  static $inject = ['troikaVariables', 'troikaCatalogue', 'elementRegistry', 'translate', 'troikaShownNames'];
  #read = new Map();
  #pending = new Set();
  #fields = [];
  #ways = {};
  #names = null;

  constructor(variables, catalogue, elementRegistry, translate, shown) {
    Object.assign(this, { variables, catalogue, elementRegistry, translate, shown });
  }

  // ({ text } or { rows }) -> the server's answer; the page sets it
  ask = async () => ({ rows: null });

  // text -> [[{ field, operator, values, type }]], null: it says more than rows can
  rows(text) {
    if (!this.#read.has(text)) this.#read.set(text, this.ask({ text }).then(({ rows }) => rows, error => { this.#read.delete(text); throw error; }));
    return this.#read.get(text);
  }

  // groups -> { text, problems }; a draft that is saved waits for it, `then` included
  text(groups, then) {
    const asked = this.ask({ rows: groups }).then(then);
    const done = asked.catch(() => {}).then(() => this.#pending.delete(done));
    this.#pending.add(done);
    return asked;
  }

  settled() {
    return Promise.all(this.#pending);
  }

  // what the last check found between the flows of each gateway
  compare(ways) {
    this.compared = true;
    this.#ways = ways ?? {};
  }

  ways(gateway) {
    return this.#ways[gateway] ?? [];
  }

  labelled(key) {
    return this.fields().find(field => field.key === key)?.label.replace(` (${key})`, '') ?? key;
  }

  // `"travel"` or `date("2026-01-31")` of a field, as people say it
  said(key, value) {
    const bare = /^(?:date\()?"(.*)"\)?$/.exec(value)?.[1] ?? value, options = this.fields().find(field => field.key === key)?.options ?? [];
    return `${this.labelled(key)} = ${options.find(([code]) => code === bare)?.[1] ?? bare}`;
  }

  // [{ key, label, type, options: [[value, label]], group }]
  fields() {
    if (this.#names !== this.variables.all()) {
      this.#names = this.variables.all();
      this.#fields = this.#names.flatMap(found => this.#flat(found, [found.name], DEPTH)).filter(Boolean);
    }
    return this.#fields;
  }

  #flat({ name, type, entries, options, info, origin, field }, path, depth) {
    const key = path.map(part => (PLAIN.test(part) ? part : `\`${part}\``)).join('.');
    const kind = /^list</.test(type) ? 'list' : COMPARED.includes(type) ? type : type === 'Any' ? '' : null;
    if (path[0] === 'process') return this.#ofProcess(entries ?? [], path);
    if (path[0] === 'approval' && path.length === 1) return entries.flatMap(step => this.#ofApproval(step));
    if (type === 'context' && depth) return (entries ?? []).flatMap(entry => this.#flat({ origin, ...entry }, [...path, entry.name], depth - 1));
    if (kind === null) return [];
    const known = field ?? this.variables.field({ name: path.join('.'), origin });
    const named = this.#named(known?.kind), choices = known?.options?.length ? known.options : named ?? (options ?? []).map(value => [value, value]);
    return [{ key, label: known?.label ? `${known.label} (${key})` : key, type: known?.kind === 'person' && kind !== 'list' ? 'person' : kind, options: choices, group: known?.label && !('name' in known) ? 'form' : 'data', money: known?.money ?? ['', ''] }];
  }

  #ofProcess(entries, path) {
    const initiator = entries.find(({ name }) => name === 'initiator')?.entries ?? [];
    return Object.keys(REQUESTER).map(name => initiator.find(entry => entry.name === name)).filter(Boolean).map(({ name, type }) => ({
      key: `${path[0]}.initiator.${name}`, label: this.translate(REQUESTER[name]), type: name === 'login' ? 'person' : type,
      options: this.#named(name === 'login' ? 'person' : name) ?? [], group: 'requester',
    }));
  }

  // what people may belong to: comparison -> [[key, name]]
  memberships(operator) {
    return { 'in-department': this.#named('department'), 'has-role': this.catalogue.groups.map(({ key, name }) => [key, name]) }[operator.replace(/^not-/, '')];
  }

  #named(kind) {
    if (kind === 'person') return this.catalogue.people.map(({ login, name }) => [login, name]);
    return kind === 'department' ? this.catalogue.departments.map(({ key, name }) => [key, name]) : undefined;
  }

  #ofApproval({ name: step, entries }) {
    const element = this.elementRegistry.get(step), called = (element && this.shown.of(element)) || step;
    return entries.filter(({ name }) => OUTCOME[name]).map(({ name, type }) => ({
      key: `approval.${PLAIN.test(step) ? step : `\`${step}\``}.${name}`, label: `${called}: ${this.translate(OUTCOME[name])}`, type, group: 'approval',
      options: name === 'outcome' ? [['agree', this.translate('agreed')], ['reject', this.translate('rejected')]] : [],
    }));
  }
}

export default { __init__: ['troikaConditions'], troikaConditions: ['type', Conditions] };
