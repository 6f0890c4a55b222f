// Whoever works by keys alone has no pointer that a new element could follow: it is placed at once, beside what is chosen, else in
// the middle of what is seen. By the pointer over the canvas as before.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';

const GAP_PX = 50;

class Placing {
  static $inject = ['autoPlace', 'canvas', 'copyPaste', 'create', 'elementRegistry', 'eventBus', 'modeling', 'rules', 'selection'];
  #byKey = false;
  #pointing = false;      // by moves: to a browser without a mouse something is :hover, too

  constructor(autoPlace, canvas, copyPaste, create, elementRegistry, eventBus, modeling, rules, selection) {
    Object.assign(this, { autoPlace, canvas, elementRegistry, eventBus, modeling, rules, selection });
    const listeners = { keydown: () => { this.#byKey = true; }, pointerdown: () => { this.#byKey = false; }, pointermove: ({ target }) => { this.#pointing = canvas.getContainer().contains(target); } };
    for (const [type, listener] of Object.entries(listeners)) document.addEventListener(type, listener, true);
    eventBus.on('diagram.destroy', () => { for (const [type, listener] of Object.entries(listeners)) document.removeEventListener(type, listener, true); });
    const follow = create.start.bind(create);
    create.start = (event, elements, context = {}) => (this.#byKey && !this.#pointing && this.#place([elements].flat(), context)) || follow(event, elements, context);
    const paste = copyPaste.paste.bind(copyPaste);
    copyPaste.paste = context => (this.#byKey && !this.#pointing && context.tree && !context.point ? this.#below(context.tree, paste) : paste(context));
  }

  // whether it was placed: what belongs to a border or a connection cannot be without one
  #place([shape, ...others], { source }) {
    if (others.length || !shape.width) return false;
    const beside = source ?? this.selection.get().findLast(element => element.width);
    if (source && this.rules.allowed('shape.append', { element: source })) return Boolean(this.autoPlace.append(source, shape));
    const attached = is(shape, 'bpmn:BoundaryEvent');
    if (attached && !is(beside, 'bpmn:Activity')) return false;
    const parent = attached ? beside : beside?.parent ?? this.canvas.getRootElement();
    const position = attached ? { x: beside.x + beside.width / 2, y: beside.y + beside.height } : this.#free(shape, beside);
    const placed = this.modeling.createShape(shape, position, parent, { attach: attached });
    this.eventBus.fire('autoPlace.end', { shape: placed, source: beside });      // chosen, in sight, and asked for its name
    return true;
  }

  // what is pasted or duplicated: below everything else, where nothing is covered
  #below(tree, paste) {
    const shapes = Object.values(tree).flat().filter(({ y: top }) => Number.isFinite(top)), { inner: { x, y, width, height } } = this.canvas.viewbox();
    const tall = Math.max(...shapes.map(shape => shape.y + shape.height)) - Math.min(...shapes.map(shape => shape.y));
    const pasted = paste({ tree, element: this.canvas.getRootElement(), point: { x: x + width / 2, y: y + height + GAP_PX + tall / 2 } });
    this.selection.select(pasted.filter(element => !element.labelTarget));
    this.canvas.scrollToElement(pasted[0], GAP_PX);
    return pasted;
  }

  #free({ width, height }, beside) {
    const { inner: _, x, y, width: across, height: down } = this.canvas.viewbox();
    const at = beside ? { x: beside.x + beside.width + GAP_PX + width / 2, y: beside.y + beside.height / 2 } : { x: x + across / 2, y: y + down / 2 };
    const taken = this.elementRegistry.filter(element => element.width && element.parent && !element.isFrame && !encloses(element, at));
    if (!taken.length) at.x = x + across / 5;      // an empty sheet is filled from the left
    const hit = () => taken.find(other => Math.abs(other.x + other.width / 2 - at.x) < (other.width + width) / 2 && Math.abs(other.y + other.height / 2 - at.y) < (other.height + height) / 2);
    for (let other = hit(); other; other = hit()) at.y = other.y + other.height + GAP_PX + height / 2;
    return { x: Math.round(at.x), y: Math.round(at.y) };
  }
}

// an expanded sub-process is room, nothing that stands in the way
function encloses(element, { x, y }) {
  return Boolean(element.children?.length && getBusinessObject(element).get('flowElements')) && x > element.x && x < element.x + element.width && y > element.y && y < element.y + element.height;
}

export default { __init__: ['troikaPlacing'], troikaPlacing: ['type', Placing] };
