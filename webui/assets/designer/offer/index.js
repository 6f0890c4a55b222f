// Palette, context pad and menus offer what the engine executes, and nothing else. An imported drawing may hold more:
// it is shown, and refused with a reason by the check.
import { isAny } from 'bpmn-js/lib/util/ModelUtil';
import { mayStand, undoes } from './places.js';

const NOT_EXECUTED = /data-|pool|participant|lane|collapsed-subprocess/;
const HANDLERS = /^(operation|template|undo)-|^append-(?!event-).*(task|activity|subprocess|transaction)$/;
const KINDS = /^(create|append|replace-with)-/;
const PLAIN_TASK = new Set(['create-task', 'append-task', 'replace-with-task']);
const EARLY = 200;      // a low priority: runs after the providers whose entries it takes away
const STEPS = [
  ['user-task', 'bpmn:UserTask', 'bpmn-icon-user-task', 'user task'], ['service-task', 'bpmn:ServiceTask', 'bpmn-icon-service-task', 'service task'],
];

class Offer {
  static $inject = ['palette', 'contextPad', 'popupMenu', 'create', 'elementFactory', 'elementRegistry', 'autoPlace', 'translate'];
  constructor(palette, contextPad, popupMenu, create, elementFactory, elementRegistry, autoPlace, translate) {
    Object.assign(this, { create, elementFactory, autoPlace, translate });
    palette.registerProvider(EARLY, this);
    contextPad.registerProvider(EARLY, this);
    const places = {
      'bpmn-create': () => elementRegistry.getAll().map(element => ({ scope: element, host: element })),
      'bpmn-append': source => [{ scope: source.parent, host: source }],
      'bpmn-replace': element => [{ scope: element.parent, host: element.host }],
    };
    for (const [menu, placesOf] of Object.entries(places)) {
      popupMenu.registerProvider(menu, EARLY, {
        getPopupMenuEntries: element => entries => only(entries, id => isExecuted(id, placesOf(element)) && (menu !== 'bpmn-append' || !undoes(element) || HANDLERS.test(id))),
        getPopupMenuHeaderEntries: () => withoutLoops,
      });
    }
  }

  getPaletteEntries() {
    return entries => {
      const { 'create.task': task, 'create.data-object': _1, 'create.data-store': _2, 'create.participant-expanded': _3, ...rest } = entries;
      const steps = STEPS.map(([name, type, className, words]) => {
        const start = event => this.create.start(event, this.elementFactory.createShape({ type }));
        return [`create.${name}`, { group: task?.group ?? 'activity', className, title: this.translate(`Create ${words}`), action: { dragstart: start, click: start } }];
      });
      return Object.fromEntries(Object.entries(rest).flatMap(entry => entry[0] === 'create.exclusive-gateway' ? [...steps, entry] : [entry]));
    };
  }

  getContextPadEntries(element) {
    return entries => {
      const kept = only(entries, id => !/append\.(append-task|compensation)|lane/.test(id));
      if (!('append.append-task' in entries || undoes(element)) || !isAny(element, ['bpmn:FlowNode'])) return kept;
      const steps = STEPS.map(([name, type, className, words]) => [`append.${name}`, {
        group: 'model', className, title: this.translate(undoes(element) ? `Append ${words} for compensation` : `Append ${words}`),
        action: {
          click: (_, source) => this.autoPlace.append(source, this.elementFactory.createShape({ type })),
          dragstart: (event, source) => this.create.start(event, this.elementFactory.createShape({ type }), { source }),
        },
      }]);
      return { ...Object.fromEntries(steps), ...kept };
    };
  }
}

function only(entries, wanted) {
  return Object.fromEntries(Object.entries(entries).filter(([id]) => wanted(id)));
}

function isExecuted(id, places) {
  if (!KINDS.test(id)) return true;
  return !PLAIN_TASK.has(id) && !NOT_EXECUTED.test(id) && places.some(place => mayStand(id, place));
}

function withoutLoops(entries) {
  return only(entries, id => !/toggle-(loop|parallel-mi|sequential-mi|adhoc|participant)/.test(id));
}

export default { __init__: ['troikaOffer'], troikaOffer: ['type', Offer] };
