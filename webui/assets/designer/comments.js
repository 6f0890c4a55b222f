// What is said about elements: a number at each that has an open thread; the button speaks about what is selected.
import { t } from '../shared/i18n.js';

export function showComments(modeler, { comments, addresses }, button) {
  const overlays = modeler.get('overlays'), registry = modeler.get('elementRegistry'), selection = modeler.get('selection');
  const address = element => `${addresses.comments}?element=${encodeURIComponent(element)}`;
  const draw = () => {
    overlays.remove({ type: 'tk-comments' });
    for (const [element, count] of Object.entries(comments)) {
      if (!element || !registry.get(element)) continue;
      const link = Object.assign(document.createElement('a'), { className: 'badge bg-blue text-blue-fg tk-comments', href: address(element), textContent: `” ${count}` });
      link.setAttribute('aria-label', t('{n} open comments', { n: count }));
      overlays.add(element, 'tk-comments', { position: { bottom: 8, left: -8 }, html: link });
    }
  };
  draw();
  modeler.on('import.done', draw);
  button.addEventListener('click', () => {
    const [chosen] = selection.get();
    if (chosen && registry.get(chosen.id)?.parent?.parent !== undefined) button.href = address(chosen.id);
  });
}
