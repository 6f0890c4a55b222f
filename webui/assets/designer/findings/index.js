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
  static $inject = ['canvas', 'elementRegistry', 'overlays', 'selection', 'translate', 'troikaAudience'];
  #shown = new Map();      // element id -> { element, overlay: id of its badge, marker, said }

  constructor(canvas, elementRegistry, overlays, selection, translate, audience) {
    Object.assign(this, { canvas, elementRegistry, overlays, selection, translate, audience });
  }

  // findings: [{ level, element, message, hint }]; a badge stays while the same is said of the same element
  set(findings) {
    const groups = groupedByElement(findings);
    for (const [id, { element, overlay, marker, said }] of this.#shown) {
      const now = this.elementRegistry.get(id);
      if (now === element && groups.has(id) && words(groups.get(id)) === said && this.overlays.get(overlay)) continue;
      this.overlays.remove(overlay);
      if (now) this.canvas.removeMarker(id, marker);
      this.#shown.delete(id);
    }
    for (const [id, found] of groups) {
      const element = this.elementRegistry.get(id);
      if (!element || element === this.canvas.getRootElement() || this.#shown.has(id)) continue;
      const level = found.reduce((worst, { level: next }) => WEIGHT[next] > WEIGHT[worst] ? next : worst, 'info');
      const marker = `tk-found-${level}`, position = element.waypoints ? { top: -24, left: 0 } : { top: -10, left: -10 };
      this.canvas.addMarker(element, marker);
      this.#shown.set(id, { element, marker, said: words(found), overlay: this.overlays.add(element, 'finding', { position, html: badge(level, found) }) });
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
    this.canvas.resized();      // the list below may have grown
    if (element !== this.canvas.getRootElement()) this.canvas.scrollToElement(element, 120);
    if (!GROUPS[rule]) return;
    this.audience.reveal(GROUPS[rule]);
    unfold(GROUPS[rule]);
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

function words(found) {
  return JSON.stringify(found.map(({ level, message, hint }) => [level, message, hint]));
}

function badge(level, found) {
  return Object.assign(document.createElement('div'), {
    className: `tk-finding tk-finding-${level}`, textContent: found.length > 1 ? String(found.length) : SIGN[level],
    title: found.map(({ message, hint }) => [message, hint].filter(Boolean).join(' ')).join('\n'),
  });
}

export default { __init__: ['troikaFindings'], troikaFindings: ['type', Findings] };
