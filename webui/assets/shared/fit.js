// Shows the whole drawing with room around it, never larger than life: plain 'fit-viewport' glues it to the palette.
// `readable`: the scale below which texts cannot be read; a larger drawing is then shown from `focus`, or from its start.
export function fit(viewer, margin, { readable = 0, focus = null } = {}) {
  const canvas = viewer.get('canvas');
  canvas.zoom('fit-viewport', 'auto');
  const { inner, outer } = canvas.viewbox();
  if (!inner.width || !outer.width) return;
  const scale = Math.min(1, Math.max(readable, Math.min((outer.width - 2 * margin) / inner.width, (outer.height - 2 * margin) / inner.height)));
  const width = outer.width / scale, height = outer.height / scale;
  canvas.viewbox({
    x: place(inner.x, inner.width, width, margin / scale, focus && focus.x + focus.width / 2),
    y: place(inner.y, inner.height, height, margin / scale, focus && focus.y + focus.height / 2),
    width, height,
  });
}

// where the window begins along one axis: in the middle if all fits, else round the focus, but not beyond the ends
function place(start, length, window, margin, middle) {
  if (length + 2 * margin <= window) return start - (window - length) / 2;
  const first = start - margin, last = start + length + margin - window;
  return middle === null ? first : Math.min(Math.max(middle - window / 2, first), last);
}
