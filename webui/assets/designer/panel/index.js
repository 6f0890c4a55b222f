// Our groups in place of Zeebe's technical ones; what has no better word here (events, messages, timers, called processes and
// decisions, scripts, mappings) stays with Zeebe's provider, FEEL in our field.
import { getBusinessObject, is, isAny } from 'bpmn-js/lib/util/ModelUtil';
import { extension } from '../extensions.js';
import { adHocGroups } from './ad_hoc.js';
import { Audience } from './audience.js';
import { withCalled } from './called.js';
import { withFeel } from './feel_entries.js';
import { flowGroups, waitingGroups, waitsForCondition } from './flow.js';
import { loopGroup, repeats } from './loops.js';
import { messageGroup, throwsMessage } from './message.js';
import { ENGLISH_NAME, processGroups } from './process.js';
import { withRefusals } from './refusals.js';
import { serviceTaskGroups } from './service_task.js';
import { templateGroup } from './template.js';
import { formGroup, userTaskGroups } from './user_task.js';
import { withTimes } from './timer.js';
import { hasWays, wayGroups } from './way.js';
import { waysGroups } from './ways_out.js';

const AFTER_ZEEBE = 400;      // Zeebe's provider registers at 500, and a lower number runs later
const REPLACED = new Set([
  'assignmentDefinition', 'form', 'condition', 'taskDefinition', 'userTaskImplementation', 'businessRuleImplementation', 'scriptImplementation',
  'headers', 'Zeebe__TaskListeners', 'Zeebe__ExecutionListeners', 'Zeebe__ExtensionProperties', 'activeElements',
  'multiInstance', 'adHocCompletion', 'adHocSubProcessImplementation', 'outputCollection',
]);
const NAMED = ['bpmn:Process', 'bpmn:FlowNode', 'bpmn:SequenceFlow'];

class TroikaPanel {
  static $inject = ['propertiesPanel', 'translate', 'troikaCatalogue', 'dragging', 'eventBus', 'selection', 'canvas', 'troikaAudience'];
  constructor(propertiesPanel, translate, catalogue, dragging, eventBus, selection, canvas, audience) {
    Object.assign(this, { translate, catalogue, audience });
    propertiesPanel.registerProvider(AFTER_ZEEBE, this);
    staysWhileDragged(dragging, eventBus, selection);
    showsWhatIsChosen(dragging, eventBus, selection, canvas);
  }

  getGroups(element) {
    return groups => {
      const mapped = is(element, 'bpmn:ServiceTask') || extension(element, 'zeebe:TaskDefinition');
      const kept = groups.filter(({ id }) => !REPLACED.has(id) && !(mapped && (id === 'inputs' || id === 'outputs')) && !(id === 'message' && throwsMessage(element)));
      if (isAny(element, NAMED)) nameInEnglish(kept.find(({ id }) => id === 'general'));
      const general = kept.findIndex(({ id }) => id === 'documentation') + 1;
      const repeated = repeats(element) ? [loopGroup(element, this.translate)] : [];
      return this.audience.of([...kept.slice(0, general), ...this.#own(element), ...repeated, ...templateGroup(element, this.translate), ...kept.slice(general).map(one => withRefusals(element, withTimes(element, withCalled(element, withFeel(one))), this.catalogue))]);
    };
  }

  #own(element) {
    if (is(element, 'bpmn:AdHocSubProcess')) return adHocGroups(element, this.translate);
    if (is(element, 'bpmn:UserTask')) return userTaskGroups(element, this.translate, this.catalogue);
    if (is(element, 'bpmn:SendTask')) return [messageGroup(this.translate), ...serviceTaskGroups(element, this.translate, this.catalogue)];
    if (throwsMessage(element)) return [messageGroup(this.translate)];
    if (isAny(element, ['bpmn:Event', 'bpmn:ComplexGateway']) && waitsForCondition(element)) return waitingGroups(element, this.translate);
    if (hasWays(element)) return wayGroups(element, this.translate, this.catalogue);
    if (is(element, 'bpmn:ServiceTask')) return serviceTaskGroups(element, this.translate, this.catalogue);
    if (is(element, 'bpmn:StartEvent') && !getBusinessObject(element).get('eventDefinitions')?.length) return [formGroup(element, this.translate)];
    if (is(element, 'bpmn:Gateway')) return waysGroups(element, this.translate);
    if (is(element, 'bpmn:SequenceFlow')) return flowGroups(element, this.translate);
    if (is(element, 'bpmn:Process')) return processGroups(element, this.translate, this.catalogue);
    return [];
  }
}

// While something is dragged nothing is selected: the panel, the last of all that listen, need not show the process meanwhile
function staysWhileDragged(dragging, eventBus, selection) {
  let withheld = false;
  eventBus.on('diagram.init', () => eventBus.on('selection.changed', event => {
    if (event.newSelection.length || !dragging.context()?.active) return;
    withheld = true;
    event.stopPropagation();
  }));
  eventBus.on(['drag.ended', 'drag.canceled'], () => {
    if (withheld && !selection.get().length) eventBus.fire('selection.changed', { oldSelection: [], newSelection: [] });
    withheld = false;
  });
}

// What was chosen before and changes in the frame in which something else is chosen, the panel would go back to
function showsWhatIsChosen(dragging, eventBus, selection, canvas) {
  eventBus.on('propertiesPanel.updated', ({ element }) => {
    const chosen = selection.get(), shown = chosen.length ? chosen.map(one => one.labelTarget ?? one) : [canvas.getRootElement()];
    if (Array.isArray(element) || dragging.context()?.active || (shown.length === 1 && shown[0] === element)) return;
    eventBus.fire('selection.changed', { oldSelection: [], newSelection: chosen });
  });
}

function nameInEnglish(general) {
  const place = general?.entries.findIndex(({ id }) => id === 'name');
  if (place >= 0) general.entries.splice(place + 1, 0, ENGLISH_NAME);
}

export default { __init__: ['troikaPanel'], troikaPanel: ['type', TroikaPanel], troikaAudience: ['type', Audience] };
