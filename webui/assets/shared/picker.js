// A select to type into: options known from the start and those that the server finds; a list that stays closed once something was chosen.
import TomSelect from 'tom-select/popular';
import { get } from './http.js';
import { t } from './i18n.js';
import 'tom-select/dist/css/tom-select.bootstrap5.css';
import '../styles/people.css';

// `source`: address that answers ?q= with options {id, name, note, also}; `nothing`: words for an empty answer. An option that is known
// from the start keeps its name, which may say how the record was called when it was chosen.
export function pick(select, { source, nothing, preload = 'focus', ...options }) {
  const known = new Map((options.options ?? []).map(one => [one.id, one]));
  const picker = new TomSelect(select, {
    valueField: 'id', labelField: 'name', searchField: ['name', 'note', 'also'], closeAfterSelect: true,
    ...(source && { preload, load: (query, done) => get(address(source, query)).then(found => done(found.map(one => known.get(one.id) ?? one)), () => done()) }),
    render: {
      option: ({ name, note }) => row(name, note), item: ({ name }) => row(name),
      no_results: () => row(nothing, '', 'no-results'), loading: () => row(t('Searching…'), '', 'no-results'),
    },
    ...options,
  });
  // what was typed is looked at, and answered, with a delay: after a choice that would open the list again, over what stands below it
  let chosen = false;
  const close = () => setTimeout(() => picker.close());  // it opens once more when it has its focus
  picker.on('item_add', () => { chosen = picker.isFocused; });
  picker.on('type', text => { if (text) chosen = false; else if (chosen) close(); });
  picker.on('load', () => { if (chosen) close(); });
  return picker;
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
