// What is said about parts of a file: a number at each that has an open thread; the button speaks about what is selected.
import { t } from '../shared/i18n.js';

export const addressOf = ({ addresses }, element) => `${addresses.comments}${element ? `?element=${encodeURIComponent(element)}` : ''}`;

// chosen(): id of the part that is selected, or nothing
export function speakOf(button, page, chosen) {
  button.addEventListener('click', () => { button.href = addressOf(page, chosen()); });
}

export function showComments(modeler, page, button) {
  const overlays = modeler.get('overlays'), registry = modeler.get('elementRegistry'), selection = modeler.get('selection');
  const draw = () => {
    overlays.remove({ type: 'tk-comments' });
    for (const [element, count] of Object.entries(page.comments)) {
      if (!element || !registry.get(element)) continue;
      const link = Object.assign(document.createElement('a'), { className: 'badge bg-blue text-blue-fg tk-comments', href: addressOf(page, element), textContent: `” ${count}` });
      link.setAttribute('aria-label', t('{n} open comments', { n: count }));
      overlays.add(element, 'tk-comments', { position: { bottom: 8, left: -8 }, html: link });
    }
  };
  draw();
  modeler.on('import.done', draw);
  speakOf(button, page, () => selection.get().find(({ id }) => registry.get(id)?.parent?.parent !== undefined)?.id);
}
