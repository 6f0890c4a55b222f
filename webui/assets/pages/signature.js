// <tk-signature>: a sheet that takes the lines of a mouse, pen or finger; without it a signature is typed or the stored one.
// What is sent are lines of points on a sheet of 600 × 200, the same on every screen; the server makes the picture.
import '../styles/signature.css';

const WIDTH = 600, HEIGHT = 200, MOST_POINTS = 5000, CLOSER = 3;

export function show(host) {
  const canvas = host.querySelector('canvas'), pen = canvas.getContext('2d'), field = host.querySelector('[name=signature_strokes]');
  const ways = [...host.querySelectorAll('[name=signature]')];
  let strokes = field.value ? JSON.parse(field.value) : [], line = null;

  const way = () => (ways.length ? ways.find(one => one.checked)?.value ?? '' : 'drawn');
  const turn = () => { for (const part of host.querySelectorAll('[data-shown-for]')) part.hidden = part.dataset.shownFor !== way(); draw(); };
  const write = () => { field.value = strokes.length ? JSON.stringify(strokes) : ''; };

  function draw() {
    const { clientWidth } = canvas;
    if (!clientWidth) return;
    const scale = clientWidth * devicePixelRatio / WIDTH;
    Object.assign(canvas, { width: WIDTH * scale, height: HEIGHT * scale });
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    Object.assign(pen, { lineWidth: 4, lineCap: 'round', lineJoin: 'round', strokeStyle: '#1f2937' });
    for (const stroke of strokes) trace(stroke);
  }

  function trace(stroke) {
    pen.beginPath();
    stroke.forEach(([x, y], at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.stroke();
  }

  function point(event) {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const on = (at, size, most) => Math.min(Math.max(Math.round(at * most / size), 0), most);
    return [on(event.clientX - left, width, WIDTH), on(event.clientY - top, height, HEIGHT)];
  }

  const down = event => {
    if (event.button) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    line = [point(event)];
    strokes.push(line);
  };
  const move = event => {
    if (!line || strokes.reduce((sum, stroke) => sum + stroke.length, 0) >= MOST_POINTS) return;
    for (const part of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) {
      const [x, y] = point(part), [a, b] = line.at(-1);
      if (Math.abs(x - a) + Math.abs(y - b) < CLOSER) continue;
      line.push([x, y]);
      trace(line.slice(-2));
    }
  };
  const up = () => { line = null; write(); };
  const clear = () => { strokes = []; write(); draw(); };

  const drawn = host.querySelector('[data-way=drawn]');
  if (drawn) drawn.hidden = false;
  const wanted = ways.find(one => one.value === host.dataset.default) ?? null;
  if (wanted) wanted.checked = true;
  canvas.addEventListener('pointerdown', down);
  canvas.addEventListener('pointermove', move);
  canvas.addEventListener('pointerup', up);
  canvas.addEventListener('pointercancel', up);
  host.querySelector('[data-clear]').addEventListener('click', clear);
  host.addEventListener('change', turn);
  const sized = new ResizeObserver(draw);
  sized.observe(canvas);
  turn();
  return () => sized.disconnect();
}
