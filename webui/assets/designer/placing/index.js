// Whoever works by keys alone has no pointer that a new element could follow: it is placed at once, beside what is chosen, else in
// the middle of what is seen. By the pointer over the canvas as before.
import { getBBox } from 'diagram-js/lib/util/Elements';
import { isExpanded } from 'bpmn-js/lib/util/DiUtil';
import { is, isAny } from 'bpmn-js/lib/util/ModelUtil';

const GAP_PX = 50;

class Placing {
  static $inject = ['autoPlace', 'bpmnRules', 'canvas', 'copyPaste', 'create', 'eventBus', 'modeling', 'rules', 'selection'];
  #byKey = false;
  #pointing = false;      // by moves: to a browser without a mouse something is :hover, too

  constructor(autoPlace, bpmnRules, canvas, copyPaste, create, eventBus, modeling, rules, selection) {
    Object.assign(this, { autoPlace, bpmnRules, canvas, eventBus, modeling, rules, selection });
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
    const attached = is(shape, 'bpmn:BoundaryEvent');
    if (source && !attached && this.rules.allowed('shape.append', { element: source })) return Boolean(this.autoPlace.append(source, shape));
    if (attached && !is(beside, 'bpmn:Activity')) return false;
    const room = roomOf(beside), parent = attached ? beside : room ?? beside?.parent ?? this.canvas.getRootElement();
    const position = attached ? { x: this.#bare(beside), y: beside.y + beside.height } : this.#free(shape, room ? null : beside, room ? beside : this.canvas.viewbox(), parent);
    if (this.bpmnRules.canReplace([shape], parent) || !this.rules.allowed(attached ? 'shape.attach' : 'shape.create', { shape, target: parent, position })) return false;
    const placed = this.modeling.createShape(shape, position, parent, { attach: attached });
    this.eventBus.fire('autoPlace.end', { shape: placed, source: beside });      // chosen, in sight, and asked for its name
    return true;
  }

  // where nothing is attached yet at the lower border, from the middle to the right and then to the left
  #bare({ x, width, attachers }) {
    const taken = attachers.map(other => other.x + other.width / 2), places = [1 / 2, 5 / 6, 1 / 6].map(share => x + width * share);
    return places.find(place => taken.every(other => Math.abs(other - place) > 20)) ?? places[0];
  }

  // what is pasted or duplicated: below everything else, where nothing is covered; beside pools it needs one that is chosen
  #below(tree, paste) {
    const root = this.canvas.getRootElement(), pools = is(root, 'bpmn:Collaboration') && !tree[0].some(({ type }) => type === 'bpmn:Participant');
    const pool = pools && this.selection.get().map(poolOf).find(chosen => chosen && isExpanded(chosen));
    if (pools && !pool) return paste({ tree });
    const shapes = Object.values(tree).flat().filter(({ y: top }) => Number.isFinite(top));
    const standing = pool && pool.children.filter(stands), { x, y, width, height } = !pool ? this.canvas.viewbox().inner : standing.length ? getBBox(standing) : { x: pool.x, y: pool.y, width: pool.width, height: 0 };
    const tall = Math.max(...shapes.map(shape => shape.y + shape.height)) - Math.min(...shapes.map(shape => shape.y));
    const pasted = paste({ tree, element: pool || root, point: { x: x + width / 2, y: y + height + GAP_PX + tall / 2 } });
    this.selection.select(pasted.filter(element => !element.labelTarget));
    this.canvas.scrollToElement(pasted[0], GAP_PX);
    return pasted;
  }

  #free({ width, height }, beside, { x, y, width: across, height: down }, parent) {
    const at = beside ? { x: beside.x + beside.width + GAP_PX + width / 2, y: beside.y + beside.height / 2 } : { x: x + across / 2, y: y + down / 2 };
    const taken = parent.children.filter(stands);
    if (!taken.length) at.x = x + across / 5;      // an empty sheet is filled from the left
    const hit = () => taken.find(other => Math.abs(other.x + other.width / 2 - at.x) < (other.width + width) / 2 && Math.abs(other.y + other.height / 2 - at.y) < (other.height + height) / 2);
    for (let other = hit(); other; other = hit()) at.y = other.y + other.height + GAP_PX + height / 2;
    return { x: Math.round(at.x), y: Math.round(at.y) };
  }
}

// what covers others: no lane, frame or connection
function stands(element) {
  return element.width && !element.isFrame && !is(element, 'bpmn:Lane');
}

// the pool whose room a chosen pool or lane is; a sub-process that is still empty
function roomOf(element) {
  if (is(element, 'bpmn:SubProcess')) return isExpanded(element) && !element.children.some(stands) ? element : null;
  return isAny(element, ['bpmn:Participant', 'bpmn:Lane']) ? poolOf(element) : null;
}

function poolOf(element) {
  return !element || is(element, 'bpmn:Participant') ? element : poolOf(element.parent);
}

export default { __init__: ['troikaPlacing'], troikaPlacing: ['type', Placing] };
