// What the server finds in the drawing: a badge at each element, and `troikaFindings.show(element id)` to lead there.
const WEIGHT = { error: 3, warn: 2, info: 1 }, SIGN = { error: '!', warn: '!', info: 'i' };

// the group of the panel where it is put right
const GROUPS = {
  'assignment-required': 'tk-who', 'people-exist': 'tk-who', 'approver-chosen-by-requester': 'tk-who', 'many-people': 'tk-who',
  'automatic-approval-guarded': 'tk-automatic', 'due-date-required': 'tk-due', 'gateway-default-flow': 'tk-ways',
  'condition-reachable': 'tk-condition', 'expression-valid': 'tk-condition', 'label-required': 'general', 'process-name-required': 'general',
  'correlation-key-required': 'tk-message', 'numbering-unique': 'tk-request', 'step-template-kept': 'tk-template',
};
const FRAMES = 30;

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

  // `rule`: of the finding that is to be put right there
  show(id, rule) {
    const element = this.elementRegistry.get(id);
    if (!element) return;
    document.activeElement?.blur();      // a field of the panel writes now, not after it shows another element
    const root = this.canvas.findRoot(element);
    if (root && root !== this.canvas.getRootElement()) this.canvas.setRootElement(root);
    this.selection.select(element);
    if (element !== this.canvas.getRootElement()) this.canvas.scrollToElement(element, 120);
    if (GROUPS[rule]) unfold(GROUPS[rule]);
  }
}

// as soon as the panel shows the element
function unfold(group, frames = FRAMES) {
  const header = document.querySelector(`[data-group-id="group-${group}"] .bio-properties-panel-group-header`);
  if (!header) {
    if (frames) requestAnimationFrame(() => unfold(group, frames - 1));
    return;
  }
  if (!header.classList.contains('open')) header.click();
  header.scrollIntoView({ block: 'nearest' });
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
