// Names in the reader's language, where the drawing has them: `name` is in the language of the file, others stand in troika:label.
// Only what is painted is another: the drawing, its file and the steps of undo stay as they are.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { getLabel } from 'bpmn-js/lib/util/LabelUtil';

const ABOVE_ALL = 5_000, WIDTH_PX = 90, TOUCHING_PX = 4;      // the first of a label at most, as bpmn-js sets it; in the file it has the width of the other language
const WRITES = 'commandStack.element.updateModdleProperties';

class ShownNames {
  static $inject = ['elementRegistry', 'eventBus', 'textRenderer', 'config.names'];
  // language: '' shows the names of the file
  constructor(elementRegistry, eventBus, textRenderer, language = reader()) {
    Object.assign(this, { elementRegistry, eventBus, textRenderer, language });
    eventBus.on('render.shape', ABOVE_ALL, (_, context) => { this.#translate(context); });
    eventBus.on([`${WRITES}.executed`, `${WRITES}.reverted`], ({ context }) => { this.#paint(context.element.labels ?? []); });
  }

  // the label that is shown in place of the name
  label(element) {
    return labelsOf(element).find(label => label.get('lang') === this.language && label.get('text'));
  }

  of(element) {
    return this.label(element)?.get('text') ?? getLabel(element) ?? getBusinessObject(element).get('name');
  }

  // the names of the file, or those of another language: the reader's, if there are any. False: there is no other
  toggle() {
    const labelled = this.elementRegistry.filter(element => labelsOf(element).length);
    const languages = new Set(labelled.flatMap(element => labelsOf(element).map(label => label.get('lang'))));
    if (languages.has(this.language)) this.language = '';
    else this.language = languages.has(reader()) ? reader() : [...languages][0] ?? this.language;
    this.#paint(labelled);
    return languages.size > 0;
  }

  #paint(elements) {
    if (elements.length) this.eventBus.fire('elements.changed', { elements: [...elements] });
  }

  #translate(context) {
    const { element, gfx } = context, label = this.label(element);
    const [wider, taller] = label && element.labelTarget ? this.#lacking(element, label.get('text')) : [0, 0];
    if (element.labelTarget) gfx.setAttribute('transform', `translate(${-toTheLeft(element, wider)} ${isAbove(element) ? -taller : 0})`);
    if (!label) return;
    const owner = Object.create(getBusinessObject(element), { name: { value: label.get('text') } });
    context.element = Object.create(element, { businessObject: { value: owner }, width: { value: element.width + wider } });
  }

  // what a label is wider and taller than in the language of the file
  #lacking({ width, height }, text) {
    const needed = this.textRenderer.getExternalLabelBounds({ x: 0, y: 0, width: WIDTH_PX, height: 0 }, text);
    return [width < WIDTH_PX ? Math.max(0, needed.width + 2 - width) : 0, Math.max(0, needed.height - height)];
  }
}

// away from what it names where it stands beside it, else to both sides
function toTheLeft(label, wider) {
  const [left, right] = edges(label.labelTarget, label);
  if (label.x >= right) return 0;
  return label.x + label.width <= left ? wider : wider / 2;
}

const isAbove = ({ labelTarget, y, height }) => labelTarget.waypoints === undefined && y + height <= labelTarget.y + TOUCHING_PX;

// of a shape, or of the part of a flow that runs up or down where the label stands
function edges({ x, width, waypoints }, { y, height }) {
  if (!waypoints) return [x, x + width];
  const part = waypoints.find((to, at) => at && Math.abs(to.x - waypoints[at - 1].x) < 1 && Math.min(to.y, waypoints[at - 1].y) < y + height && Math.max(to.y, waypoints[at - 1].y) > y);
  return part ? [part.x, part.x] : [];
}

export function labelsOf(element) {
  return (getBusinessObject(element).get('extensionElements')?.get('values') ?? []).filter(value => is(value, 'troika:Label'));
}

function reader() {
  return document.documentElement.lang.slice(0, 2);
}

export default { __init__: ['troikaShownNames'], troikaShownNames: ['type', ShownNames] };
