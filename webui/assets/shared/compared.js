// Pictures of two states of a drawing, enlarged and moved together: by buttons, keys, the wheel with Ctrl, and the pointer. Both have the
// coordinates of the drawing, so that the same place is seen in both.
const STEP = 1.4, MOVE_PX = 60, MOST = 4;      // px of the screen for one of the drawing
const BY_KEY = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function inStep(regions) {
  const sides = [...regions].map(region => ({ region, svg: region.querySelector('svg') })).filter(({ svg }) => svg).map(side => ({ ...side, all: side.svg.getAttribute('viewBox') }));
  if (!sides.length) return;
  let view = null;      // { x, y: what is in the middle, scale }, null while all is shown
  // at which all of it is shown
  const fitting = ({ svg, all }) => { const [, , width, height] = all.split(' '); return Math.min(svg.clientWidth / width, svg.clientHeight / height); };

  function show(next) {
    view = next;
    for (const { region, svg, all } of sides) {
      region.classList.toggle('tk-zoomed', Boolean(view));
      const width = svg.clientWidth / (view?.scale ?? 1), height = svg.clientHeight / (view?.scale ?? 1);
      svg.setAttribute('viewBox', view ? `${view.x - width / 2} ${view.y - height / 2} ${width} ${height}` : all);
    }
  }

  // what the region shows now, all of it or what can be seen of it
  function seen({ region, svg, all }) {
    if (view) return view;
    const { x, y, width, height } = svg.viewBox.baseVal, scale = fitting({ svg, all }), box = svg.getBoundingClientRect(), frame = region.getBoundingClientRect();
    return { x: x + width / 2 + (frame.left + frame.width / 2 - box.left - box.width / 2) / scale, y: y + height / 2, scale };
  }

  // `at`: a point of the screen that stays where it is
  function zoom(side, by, at) {
    const { x, y, scale } = seen(side), box = side.region.getBoundingClientRect();
    const wanted = Math.min(scale * by, MOST), shift = 1 / scale - 1 / wanted;
    if (wanted <= Math.min(...sides.map(fitting))) return show(null);
    const off = at ? [at.clientX - box.left - box.width / 2, at.clientY - box.top - box.height / 2] : [0, 0];
    return show({ x: x + off[0] * shift, y: y + off[1] * shift, scale: wanted });
  }

  function move(side, across, down) {
    const { x, y, scale } = seen(side);
    show({ x: x + across / scale, y: y + down / scale, scale });
  }

  const acts = { in: side => zoom(side, STEP), out: side => zoom(side, 1 / STEP), all: () => show(null) }, keys = { '+': 'in', '=': 'in', '-': 'out', 0: 'all' };
  for (const side of sides) {
    const { region } = side;
    const buttons = region.parentElement.querySelector('[data-zoom]')?.parentElement;
    if (buttons) buttons.hidden = false;
    buttons?.addEventListener('click', ({ target }) => acts[target.closest('[data-zoom]')?.dataset.zoom]?.(side));
    region.addEventListener('keydown', event => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (keys[event.key]) acts[keys[event.key]](side);
      else if (BY_KEY[event.key] && view) move(side, ...BY_KEY[event.key].map(way => way * MOVE_PX));
      else return;
      event.preventDefault();
    });
    region.addEventListener('wheel', event => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(side, STEP ** (-Math.sign(event.deltaY) / 2), event);
    }, { passive: false });
    region.addEventListener('pointerdown', event => { if (event.button === 0 && (view || event.pointerType === 'mouse')) region.setPointerCapture(event.pointerId); });
    region.addEventListener('pointermove', event => { if (region.hasPointerCapture(event.pointerId)) move(side, -event.movementX, -event.movementY); });
  }
  // a link to what differs leads there in an enlarged picture, too
  addEventListener('hashchange', () => {
    const found = view && sides.map(({ svg }) => svg.querySelector(`[id="${CSS.escape(decodeURIComponent(location.hash.slice(1)))}"]`)).find(Boolean);
    if (!found) return;
    const { x, y, width, height } = found.getBBox();
    show({ ...view, x: x + width / 2, y: y + height / 2 });
  });
}
