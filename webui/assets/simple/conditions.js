// The rows of a condition: the comparisons of the chosen field, its choices where it has some, the currency of its money.
// Without a script every comparison is offered, values are typed, and the server says what does not fit.

import { COMMA, membership, SEVERAL, WITHOUT_VALUE } from '../shared/comparisons.js';

export function conditionOf(row, { comparisons, choices, fields }) {
  const [field, operator, value] = ['field', 'operator', 'value'].map(name => row.querySelector(`[name$="${name}"]`)), money = row.querySelector('[data-money]');
  let input = value, compared = operator.value, ticks = null;
  const clear = text => { value.value = text; input.value = text; };

  const show = () => {
    const chosen = fields[field.value], offered = comparisons[chosen?.type ?? ''], before = operator.value;
    operator.replaceChildren(...offered.map(([code, words]) => new Option(words, code)));
    operator.value = offered.some(([code]) => code === before) ? before : offered[0][0];
    input = replaced(input, value, optionsOf(chosen, operator.value, choices));
    ticks?.remove();
    ticks = severalOf(value, operator.value, chosen);
    if (ticks) value.after(ticks);
    input.hidden = Boolean(ticks) || WITHOUT_VALUE.includes(operator.value);
    compared = operator.value;
    value.inputMode = chosen?.type === 'number' ? 'decimal' : '';
    value.type = ['date', 'date and time'].includes(chosen?.type) && !['last-days'].includes(operator.value) ? 'date' : 'text';
    row.querySelector('[name$="to"]').type = value.type;
    sayMoney(money, chosen, fields, operator.value);
  };
  // a value of another field means nothing here
  field.addEventListener('change', () => { clear(''); show(); });
  operator.addEventListener('change', () => {      // a person is no department, and no group
    if (membership(compared) !== membership(operator.value)) clear('');
    else if (SEVERAL.includes(compared) && !SEVERAL.includes(operator.value)) clear(input.value.split(COMMA)[0].trim());
    show();
  });
  show();
}

// the choices of a field, of which any number is ticked; they are sent as they would be typed
function severalOf(typed, operator, chosen) {
  const options = Object.entries(chosen?.options ?? {}), said = typed.value.split(COMMA).map(text => text.trim()).filter(Boolean);
  if (!SEVERAL.includes(operator) || !options.length || options.some(([code]) => COMMA.test(code))) return null;
  const group = Object.assign(document.createElement('fieldset'), { className: 'tk-ticks' }), list = group.appendChild(document.createElement('div'));
  group.setAttribute('aria-label', typed.getAttribute('aria-label'));
  for (const [code, words] of [...options, ...said.filter(code => !(code in chosen.options)).map(code => [code, `${code} ?`])]) {
    const line = list.appendChild(Object.assign(document.createElement('label'), { className: 'form-check' }));
    const box = Object.assign(document.createElement('input'), { type: 'checkbox', className: 'form-check-input', value: code, checked: said.includes(code) });
    line.append(box, Object.assign(document.createElement('span'), { className: 'form-check-label', textContent: words }));
  }
  group.addEventListener('change', () => { typed.value = [...group.querySelectorAll(':checked')].map(({ value }) => value).join(', '); });
  return group;
}

function optionsOf(chosen, operator, choices) {
  const known = Object.entries(choices[operator.replace(/^not-/, '')] ?? (['=', '!=', 'contains', 'not-contains'].includes(operator) ? chosen?.options : null) ?? {});
  return chosen?.type === 'boolean' && operator === '=' ? ['true', 'false'].map(code => [code, document.querySelector(`[data-${code}]`)?.dataset[code] ?? code]) : known;
}

// a list in the place of the field that is typed into, or that field again
function replaced(current, typed, options) {
  const said = current.value;
  let wanted = typed;
  if (options.length) {
    wanted = Object.assign(document.createElement('select'), { className: 'form-select', name: typed.name });
    wanted.setAttribute('aria-label', typed.getAttribute('aria-label'));
    wanted.append(new Option('–', ''), ...options.map(([code, words]) => new Option(words, code)));
    if (said && !options.some(([code]) => code === said)) wanted.append(new Option(`${said} ?`, said));
  }
  wanted.value = said;
  if (wanted !== current) current.replaceWith(wanted);
  return wanted;
}

function sayMoney(note, chosen, fields, operator) {
  const other = fields[chosen?.currency_in]?.label;
  note.hidden = WITHOUT_VALUE.includes(operator) || !(chosen?.currency || other);
  note.textContent = note.hidden ? '' : chosen.currency ? note.dataset.money.replace('{currency}', chosen.currency) : note.dataset.moneyIn.replace('{field}', other);
}
