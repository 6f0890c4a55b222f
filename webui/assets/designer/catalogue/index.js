// What the server can run now, handed over by the page as `config.catalogue`.
class Catalogue {
  static $inject = ['config.catalogue'];
  constructor(catalogue) {
    Object.assign(this, { functions: [], operations: [], forms: [], decisions: [], processes: [], groups: [], people: [], departments: [], positions: [], levels: [], morePeople: false, capabilities: [], receivers: [], calendars: [], choices: {}, templates: [] }, catalogue);
  }
  operation(name) {
    return this.operations.find(operation => operation.name === name);
  }
  decision(id) {
    return this.decisions.find(decision => decision.id === id);
  }
  form(id) {
    return this.forms.find(form => form.id === id);
  }
}

export default { __init__: ['troikaCatalogue'], troikaCatalogue: ['type', Catalogue] };
