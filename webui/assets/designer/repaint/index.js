// What a change asks of the browser in a large drawing. A class on the sheet makes it style everything on the sheet anew when a rule looks
// below that class, as those for a shape on which something is dropped do: what is said of the sheet has classes of its own (designer.css).
// And of shapes that change their order only those are moved in the document that must be.
const ofSheet = marker => `sheet-${marker}`;

class Repaint {
  static $inject = ['canvas', 'elementRegistry', 'eventBus', 'graphicsFactory'];
  constructor(canvas, elementRegistry, eventBus, graphicsFactory) {
    const mark = canvas._updateMarker.bind(canvas);
    canvas._updateMarker = (id, marker, add) => {
      const element = canvas._resolveElement(id);
      if (!canvas.getRootElements().includes(element)) return mark(element, marker, add);
      element.markers ??= new Set();
      element.markers[add ? 'add' : 'delete'](marker);
      const gfx = elementRegistry.getGraphics(element);
      for (const node of [gfx, elementRegistry.getGraphics(element, true)]) node?.classList.toggle(ofSheet(marker), add);
      eventBus.fire('element.marker.update', { element, gfx, marker, add });
    };
    graphicsFactory.updateContainments = elements => {
      for (const { children } of new Set(elements.map(({ parent }) => parent).filter(Boolean))) {
        if (children.length) arrange(graphicsFactory._getChildrenContainer(children[0].parent), children.map(child => elementRegistry.getGraphics(child).parentNode));
      }
    };
  }
}

// nodes stand in `host` in this order, and as many as can be have stayed where they were
export function arrange(host, nodes) {
  const place = new Map([...host.childNodes].map((node, index) => [node, index]));
  const stay = new Set(rising(nodes.filter(node => place.has(node)), node => place.get(node)));
  nodes.reduceRight((next, node) => {
    if (!stay.has(node)) host.insertBefore(node, next);
    return node;
  }, null);
}

// the longest of all rows in which the places rise, others left out (patience sorting)
function rising(items, placeOf) {
  const ends = [], before = new Map();
  for (const item of items) {
    let low = 0, high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (placeOf(ends[middle]) < placeOf(item)) low = middle + 1;
      else high = middle;
    }
    before.set(item, ends[low - 1]);
    ends[low] = item;
  }
  const found = [];
  for (let item = ends.at(-1); item; item = before.get(item)) found.push(item);
  return found;
}

export default { __init__: ['troikaRepaint'], troikaRepaint: ['type', Repaint] };
