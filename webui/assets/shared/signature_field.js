// The component `signature` of our forms: lines drawn with mouse, pen or finger, or a name that is typed. Stored are the lines as the
// path of a picture on a sheet of 600 × 200, the same on every screen, or the name (engine/forms/signed.py).
import { Description, Errors, Label } from '@bpmn-io/form-js-viewer';
import { h } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { t } from './i18n.js';

const WIDTH = 600, HEIGHT = 200, CLOSER = 3, LONGEST = 39_000, DRAWN = /^(M\d{1,3} \d{1,3}(L\d{1,3} \d{1,3})*)+$/;

function Signature({ field, value, errors = [], disabled, readonly, domId, onChange, onBlur, onFocus }) {
  const { label, description, validate: { required } = {} } = field, still = disabled || readonly;
  const sheet = useRef(), last = useRef(null), [line, setLine] = useState('');
  const drawn = DRAWN.test(value ?? '') ? value : '', path = `${drawn}${line}`;
  const at = ({ clientX, clientY }) => {
    const { left, top, width, height } = sheet.current.getBoundingClientRect();
    const on = (place, size, most) => Math.min(Math.max(Math.round(place * most / size), 0), most);
    return [on(clientX - left, width, WIDTH), on(clientY - top, height, HEIGHT)];
  };
  const down = event => {
    if (event.button || still) return;
    event.preventDefault();
    sheet.current.setPointerCapture(event.pointerId);
    last.current = at(event);
    setLine(`M${last.current.join(' ')}`);
    onFocus?.();
  };
  const move = event => {
    if (!last.current || path.length > LONGEST) return;
    const [x, y] = at(event), [a, b] = last.current;
    if (Math.abs(x - a) + Math.abs(y - b) < CLOSER) return;
    last.current = [x, y];
    setLine(before => `${before}L${x} ${y}`);
  };
  const up = () => {
    if (!last.current) return;
    last.current = null;
    onChange({ value: path });
    setLine('');
    onBlur?.();
  };
  const name = drawn ? '' : value ?? '';
  const picture = h('svg', {
    ref: sheet, class: 'tk-signed', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': path ? t('Drawn signature') : t('Sheet to sign on'),
    onPointerDown: down, onPointerMove: move, onPointerUp: up, onPointerCancel: up,
  }, path && h('path', { d: path }), !path && name && h('text', { x: WIDTH / 2, y: HEIGHT / 2 }, name));
  return h('div', { class: `fjs-form-field fjs-form-field-signature${errors.length ? ' fjs-has-errors' : ''}` },
    h(Label, { htmlFor: domId, id: `${domId}-label`, label, required }),
    (!still || value) && picture,
    !still && h('div', { class: 'tk-sign-other' },
      h('input', { id: domId, class: 'fjs-input', type: 'text', value: name, maxLength: 100, autocomplete: 'name', placeholder: t('or type your name'), 'aria-describedby': `${domId}-error-message`, onInput: ({ target }) => onChange({ value: target.value || null }), onBlur, onFocus }),
      h('button', { type: 'button', class: 'btn', disabled: !value, onClick: () => onChange({ value: null }) }, t('Clear'))),
    h(Description, { id: `${domId}-description`, description }), h(Errors, { id: `${domId}-error-message`, errors }));
}

Signature.config = {
  type: 'signature', keyed: true, label: 'signature', name: 'signature', group: 'basic-input', emptyValue: null,
  sanitizeValue: ({ value }) => (typeof value === 'string' && value ? value : null), create: (options = {}) => ({ ...options }),
};

class Signatures {
  static $inject = ['formFields'];
  constructor(formFields) {
    formFields.register('signature', Signature);
  }
}

export const signatures = { __init__: ['tkSignatures'], tkSignatures: ['type', Signatures] };
