// The calendar of date fields, which form-js brings along, in the reader's language.
import { chinese } from './i18n.js';
import flatpickr from 'flatpickr';
import { Mandarin } from 'flatpickr/dist/l10n/zh.js';

if (chinese) flatpickr.localize({ ...Mandarin, yearAriaLabel: '年', monthAriaLabel: '月' });
