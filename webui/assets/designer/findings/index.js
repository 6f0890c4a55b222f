// What the server finds in the drawing: a badge at each element, and `troikaFindings.show(element id)` to lead there.
const WEIGHT = { error: 3, warn: 2, info: 1 }, SIGN = { error: '!', warn: '!', info: 'i' };

class Findings {
  static $inject = ['canvas', 'elementRegistry', 'overlays', 'selection', 'translate'];
  #marked = [];

  constructor(canvas, elementRegistry, overlays, selection, translate) {
    Object.assign(this, { canvas, elementRegistry, overlays, selection, translate });
  }

  // findings: [{ level, element, message, hint }]
  set(findings) {
    this.overlays.remove({ type: 'finding' });
    for (const [id, marker] of this.#marked) if (this.elementRegistry.get(id)) this.canvas.removeMarker(id, marker);
    this.#marked = [];
    for (const [id, found] of groupedByElement(findings)) {
      const element = this.elementRegistry.get(id);
      if (!element || element === this.canvas.getRootElement()) continue;
      const level = found.reduce((worst, { level: next }) => WEIGHT[next] > WEIGHT[worst] ? next : worst, 'info');
      const marker = `tk-found-${level}`;
      this.canvas.addMarker(element, marker);
      this.#marked.push([id, marker]);
      this.overlays.add(element, 'finding', { position: element.waypoints ? { top: -24, left: 0 } : { top: -10, left: -10 }, html: badge(level, found) });
    }
  }

  show(id) {
    const element = this.elementRegistry.get(id);
    if (!element) return;
    document.activeElement?.blur();      // a field of the panel writes now, not after it shows another element
    const root = this.canvas.findRoot(element);
    if (root && root !== this.canvas.getRootElement()) this.canvas.setRootElement(root);
    this.selection.select(element);
    if (element !== this.canvas.getRootElement()) this.canvas.scrollToElement(element, 120);
  }
}

function groupedByElement(findings) {
  const groups = new Map();
  for (const finding of findings) if (finding.element) groups.set(finding.element, [...groups.get(finding.element) ?? [], finding]);
  return groups;
}

function badge(level, found) {
  return Object.assign(document.createElement('div'), {
    className: `tk-finding tk-finding-${level}`, textContent: found.length > 1 ? String(found.length) : SIGN[level],
    title: found.map(({ message, hint }) => [message, hint].filter(Boolean).join(' ')).join('\n'),
  });
}

export default { __init__: ['troikaFindings'], troikaFindings: ['type', Findings] };
