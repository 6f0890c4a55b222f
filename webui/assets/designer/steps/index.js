// What a step may point to in its drawing, by name: other tasks of people, and the values that are known.
const OF_ENGINE = new Set(['process', 'approval']);

class Steps {
  static $inject = ['elementRegistry', 'troikaShownNames', 'troikaVariables'];

  constructor(elementRegistry, shown, variables) {
    Object.assign(this, { elementRegistry, shown, variables });
  }

  // [[id, name]] of the tasks of people, without `but`
  all(but) {
    return this.elementRegistry.filter(one => one.type === 'bpmn:UserTask' && one !== but).map(one => [one.id, this.shown.of(one) || one.id]);
  }

  // [[name, title]] of form fields and other values
  fields() {
    return this.variables.all().filter(({ name }) => !OF_ENGINE.has(name))
      .map(found => [found.name, this.variables.field(found)?.label ?? found.name]);
  }
}

export default { troikaSteps: ['type', Steps] };
