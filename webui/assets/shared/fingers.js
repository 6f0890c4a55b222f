// One finger moves a drawing, two move and scale it: diagram-js knows the mouse alone. What lies over the drawing (palette, menus) is
// left to itself; a tap still selects.
const DRAWING = '.djs-container > svg', SMALLEST = 0.1, LARGEST = 4;

// `page`: the drawing lies in a page that is read on by moving up and down
export function fingers(viewer, page = false) {
  const canvas = viewer.get('canvas'), host = canvas.getContainer(), down = new Map();
  const at = ({ clientX, clientY }) => ({ x: clientX, y: clientY });
  host.style.touchAction = page ? 'pan-y' : 'none';
  host.addEventListener('pointerdown', event => {
    if (event.pointerType === 'touch' && event.target.closest(DRAWING)) down.set(event.pointerId, at(event));
  });
  host.addEventListener('pointermove', event => {
    if (!down.has(event.pointerId)) return;
    const before = middle(down);
    down.set(event.pointerId, at(event));
    const now = middle(down), frame = host.getBoundingClientRect();
    canvas.scroll({ dx: now.x - before.x, dy: now.y - before.y });
    if (before.apart && now.apart) {
      const scale = Math.min(Math.max(canvas.zoom() * now.apart / before.apart, SMALLEST), LARGEST);
      canvas.zoom(scale, { x: now.x - frame.left, y: now.y - frame.top });
    }
  });
  for (const end of ['pointerup', 'pointercancel', 'pointerleave']) host.addEventListener(end, ({ pointerId }) => down.delete(pointerId));
}

// between the first two fingers, and how far apart they are
function middle(down) {
  const [first, second = first] = [...down.values()];
  return { x: (first.x + second.x) / 2, y: (first.y + second.y) / 2, apart: Math.hypot(first.x - second.x, first.y - second.y) };
}
