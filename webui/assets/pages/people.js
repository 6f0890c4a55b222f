// <tk-people>: choose people (or departments, groups) by typing; posts their ids under its `name`.
import TomSelect from 'tom-select/popular';
import { get } from '../shared/http.js';
import { t } from '../shared/i18n.js';
import 'tom-select/dist/css/tom-select.bootstrap5.css';
import '../styles/people.css';

export function show(host) {
  const select = host.querySelector('select') ?? ownSelect(host);
  const source = host.getAttribute('src');
  const picker = new TomSelect(select, {
    valueField: 'id', labelField: 'name', searchField: ['name', 'note', 'also'], maxOptions: 200, closeAfterSelect: true,
    plugins: select.multiple ? ['remove_button'] : [],
    ...(host.hasAttribute('value') && known(JSON.parse(host.getAttribute('value')))),
    ...(source && { preload: 'focus', load: (query, done) => get(address(source, query)).then(done, () => done()) }),
    render: {
      option: ({ name, note }) => row(name, note), item: ({ name }) => row(name),
      no_results: () => row(t('Nobody found'), '', 'no-results'), loading: () => row(t('Searching…'), '', 'no-results'),
    },
  });
  // what was typed is looked at, and answered, with a delay: after a choice that would open the list again, over what stands below it
  let chosen = false;
  const close = () => setTimeout(() => picker.close());  // it opens once more when it has its focus
  picker.on('item_add', () => { chosen = true; });
  picker.on('type', text => { if (text) chosen = false; else if (chosen) close(); });
  picker.on('load', () => { if (chosen) close(); });
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

function address(source, query) {
  const url = new URL(source, location.href);
  url.searchParams.set('q', query);
  return url.href;
}

function row(name, note = '', className = 'option') {
  const line = Object.assign(document.createElement('div'), { className, textContent: name });
  if (note) line.append(Object.assign(document.createElement('span'), { className: 'text-secondary ms-2', textContent: note }));
  return line;
}
