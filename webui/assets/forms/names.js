// What the form, its fields and their choices are called in English, beside the Chinese, in one table; each name is one step of undo.
import { chinese, t } from '../shared/i18n.js';

const SAID = ['label', 'description', 'text', 'content'], TITLE = 'troika:title', LABEL = 'troika:label.en';

export class Names {
  #says = [];      // what an input of the table does with its text

  // host: a tbody; titled(title): of the form
  constructor(editor, host, titled) {
    Object.assign(this, { editor, host, titled });
    host.addEventListener('change', ({ target }) => this.#says[target.dataset.say](target.value.trim()));
    this.show();
  }

  // the table stays while somebody types in it
  show() {
    const { schema } = this.editor._getState(), title = schema.properties?.[TITLE] ?? '';
    this.titled((!chinese && schema.properties?.[`${TITLE}.en`]) || title);
    if (this.host.contains(document.activeElement)) return;
    this.#says = [];
    this.host.replaceChildren(
      row(this.#input(t('Title of the form'), title, text => this.#property('', TITLE, text)), this.#input(t('Title of the form in English'), schema.properties?.[`${TITLE}.en`], text => this.#property('', `${TITLE}.en`, text))),
      ...fieldsOf(schema).flatMap(field => [
        ...SAID.filter(part => field[part]).map(part => this.#row(field[part], field.properties?.[`troika:${part}.en`], text => this.#property(field.id, `troika:${part}.en`, text))),
        ...(field.values ?? []).map((one, place) => this.#row(String(one.label ?? one.value), one[LABEL], text => this.#choice(field.id, place, text))),
      ]),
    );
  }

  #row(name, value, say) {
    return row(name, this.#input(t('“{name}” in English', { name }), value, say));
  }

  #input(label, value = '', say) {
    const made = Object.assign(document.createElement('input'), { className: 'form-control form-control-sm', value, autocomplete: 'off', placeholder: label });
    made.setAttribute('aria-label', label);
    made.dataset.say = this.#says.push(say) - 1;
    return made;
  }

  // of a field as it is now; of the form itself without an id
  #property(id, key, text) {
    const field = this.#field(id);
    this.#edit(field, 'properties', said(field.properties ?? {}, key, text));
  }

  #choice(id, place, text) {
    const field = this.#field(id);
    this.#edit(field, 'values', field.values.map((one, at) => (at === place ? said(one, LABEL, text) : one)));
  }

  #edit(field, part, value) {
    this.editor.get('modeling').editFormField(field, part, Object.keys(value).length ? value : undefined);
  }

  #field(id) {
    return id ? this.editor.get('formFieldRegistry').get(id) : this.editor._getState().schema;
  }
}

const fieldsOf = ({ components = [] }) => components.flatMap(one => [one, ...fieldsOf(one)]);

function said(found, key, text) {
  const { [key]: _, ...others } = found;
  return { ...others, ...(text && { [key]: text }) };
}

function row(name, input) {
  const made = document.createElement('tr'), head = Object.assign(document.createElement('th'), { scope: 'row', className: 'fw-normal text-break' }), cell = document.createElement('td');
  head.append(name);
  cell.append(input);
  made.append(head, cell);
  return made;
}
