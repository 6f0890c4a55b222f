// <tk-people>: choose people (or departments, groups) by typing; posts their ids under its `name`.
import { t } from '../shared/i18n.js';
import { pick } from '../shared/picker.js';

export function show(host) {
  const select = host.querySelector('select') ?? ownSelect(host);
  const picker = pick(select, {
    source: host.getAttribute('src'), nothing: t('Nobody found'), maxOptions: 200, plugins: select.multiple ? ['remove_button'] : [],
    ...(host.hasAttribute('value') && known(JSON.parse(host.getAttribute('value')))),
  });
  return () => picker.destroy();
}

function ownSelect(host) {
  const select = Object.assign(document.createElement('select'), {
    name: host.getAttribute('name'), multiple: host.hasAttribute('multiple'), required: host.hasAttribute('required'),
  });
  select.setAttribute('aria-label', host.getAttribute('label') ?? '');
  host.append(select);
  return select;
}

function known(people) {
  return { options: people, items: people.map(({ id }) => id) };
}
