// A step made of a template wears the template's picture. Pictures are data of the drawing itself: nothing is fetched for one.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import BaseRenderer from 'diagram-js/lib/draw/BaseRenderer';

const ABOVE = 1_100, SIDE_PX = 18, MARGIN_PX = 5, PICTURE = /^data:image\/(svg\+xml|png|jpeg|gif|webp)[;,]/;

class TemplateIcon extends BaseRenderer {
  static $inject = ['bpmnRenderer', 'eventBus'];
  constructor(bpmnRenderer, eventBus) {
    super(eventBus, ABOVE);
    this.bpmnRenderer = bpmnRenderer;
  }

  canRender(element) {
    return is(element, 'bpmn:Task') && !element.labelTarget && PICTURE.test(iconOf(element));
  }

  drawShape(parent, element, attrs) {
    const drawn = this.bpmnRenderer.handlers['bpmn:Task'](parent, element, attrs);
    const image = document.createElementNS('http://www.w3.org/2000/svg', 'image');
    for (const [name, value] of Object.entries({ href: iconOf(element), x: MARGIN_PX, y: MARGIN_PX, width: SIDE_PX, height: SIDE_PX })) image.setAttribute(name, value);
    parent.append(image);
    return drawn;
  }

  getShapePath(element) {
    return this.bpmnRenderer.getShapePath(element);
  }
}

function iconOf(element) {
  return getBusinessObject(element).get('zeebe:modelerTemplateIcon') ?? '';
}

export default { __init__: ['troikaTemplateIcon'], troikaTemplateIcon: ['type', TemplateIcon] };
