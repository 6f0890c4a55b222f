// A drawing as a file: BPMN, BPMN for Camunda 8, SVG, PNG, PDF. Loaded when somebody asks for one.
// Pictures are drawn anew in the colours of paper: the canvas may be dark, and shows findings and the trial too.
import Viewer from 'bpmn-js/lib/Viewer';
import { moddleExtensions } from '../shared/vocabulary.js';
import { t } from '../shared/i18n.js';
import ShownNames from '../shared/shown_names.js';

const SHARP = 2, FOR_PRINT = 3, LARGEST_PX = 16_000, LARGEST_AREA = 120e6, POINTS_PER_PX = 0.75, LARGEST_PAGE = 14_400;
const MODELER = 'http://camunda.org/schema/modeler/1.0', PLATFORM = { executionPlatform: 'Camunda Cloud', executionPlatformVersion: '8.7.0' };
const KINDS = { bpmn: ['bpmn', plain], camunda: ['bpmn', camunda], svg: ['svg', picture], png: ['png', png], pdf: ['pdf', pdf] };

// view: what pictures show, { root: id of the plane, names: language of the names }
export async function save(kind, { xml, key, view }) {
  const [extension, make] = KINDS[kind];
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(await make(xml, view)), download: `${key}${kind === 'camunda' ? '.camunda8' : ''}.${extension}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function plain(xml) {
  return new Blob([xml], { type: 'application/xml' });
}

// their modeler asks which platform a file is for, and then shows the panel of that one
function camunda(xml) {
  const drawing = new DOMParser().parseFromString(xml, 'application/xml');
  for (const [name, value] of Object.entries(PLATFORM)) drawing.documentElement.setAttributeNS(MODELER, `modeler:${name}`, value);
  return plain(`<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(drawing.documentElement)}\n`);
}

async function picture(xml, view) {
  return new Blob([await svg(xml, view)], { type: 'image/svg+xml' });
}

async function svg(xml, { root, names }) {
  const container = Object.assign(document.createElement('div'), { className: 'tk-off-screen' });
  document.body.append(container);
  const viewer = new Viewer({ container, moddleExtensions, additionalModules: [ShownNames], names, bpmnRenderer: { defaultFillColor: '#ffffff', defaultStrokeColor: '#22304a', defaultLabelColor: '#182433' } });
  try {
    await viewer.importXML(xml);
    const canvas = viewer.get('canvas'), plane = root && canvas.findRoot(root);
    if (plane) canvas.setRootElement(plane);
    return (await viewer.saveSVG()).svg;
  } finally {
    viewer.destroy();
    container.remove();
  }
}

async function png(xml, view) {
  return blob((await painted(xml, view, SHARP)).canvas, 'image/png');
}

// one page, as large as the drawing, with the letters as they look here: no font is needed where it is read
async function pdf(xml, view) {
  const { canvas, width, height } = await painted(xml, view, FOR_PRINT);
  const image = new Uint8Array(await (await blob(canvas, 'image/jpeg', 0.92)).arrayBuffer());
  const scale = Math.min(POINTS_PER_PX, LARGEST_PAGE / Math.max(width, height)), [wide, high] = [width * scale, height * scale].map(side => side.toFixed(2));
  const content = `q ${wide} 0 0 ${high} 0 0 cm /Im Do Q`;
  return new Blob(parts([
    ['<</Type/Catalog/Pages 2 0 R>>'], ['<</Type/Pages/Kids[3 0 R]/Count 1>>'],
    [`<</Type/Page/Parent 2 0 R/MediaBox[0 0 ${wide} ${high}]/Resources<</XObject<</Im 4 0 R>>>>/Contents 5 0 R>>`],
    [`<</Type/XObject/Subtype/Image/Width ${canvas.width}/Height ${canvas.height}/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode/Length ${image.length}>>\nstream\n`, image, '\nendstream'],
    [`<</Length ${content.length}>>\nstream\n${content}\nendstream`],
  ]), { type: 'application/pdf' });
}

// the objects of a PDF (ISO 32000-1, 7.5) with the table that says at which byte each begins
function parts(objects) {
  const written = ['%PDF-1.4\n'], starts = [];
  let at = written[0].length;
  const put = part => { written.push(part); at += part.length; };
  objects.forEach((object, place) => {
    starts.push(at);
    for (const part of [`${place + 1} 0 obj\n`, ...object, '\nendobj\n']) put(part);
  });
  const table = starts.map(start => `${String(start).padStart(10, '0')} 00000 n \n`).join(''), size = objects.length + 1;
  return [...written, `xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<</Size ${size}/Root 1 0 R>>\nstartxref\n${at}\n%%EOF\n`];
}

// on white, `sharp` times as large; a huge drawing less, since a browser paints no more
async function painted(xml, view, sharp) {
  const image = new Image(), address = URL.createObjectURL(new Blob([await svg(xml, view)], { type: 'image/svg+xml' }));
  try {
    image.src = address;
    await image.decode();
    const { naturalWidth: width, naturalHeight: height } = image;
    const scale = Math.min(sharp, LARGEST_PX / Math.max(width, height), Math.sqrt(LARGEST_AREA / (width * height)));
    const canvas = Object.assign(document.createElement('canvas'), { width: Math.round(width * scale), height: Math.round(height * scale) }), paper = canvas.getContext('2d');
    paper.fillStyle = '#ffffff';
    paper.fillRect(0, 0, canvas.width, canvas.height);
    paper.drawImage(image, 0, 0, canvas.width, canvas.height);
    return { canvas, width, height };
  } finally {
    URL.revokeObjectURL(address);
  }
}

function blob(canvas, type, quality) {
  return new Promise((done, failed) => canvas.toBlob(made => made ? done(made) : failed(new Error(t('The browser could not paint a picture of this size.'))), type, quality));
}
