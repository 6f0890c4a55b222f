// Pages with pictures of drawings that the server draws: templates, ways to begin, the difference of two versions.
import { whileBusy } from '../shared/ready.js';
import '../styles/gallery.css';
import '../styles/thumbnail.css';

const compared = document.querySelectorAll('.tk-compared');
if (compared.length) whileBusy(import('../shared/compared.js').then(({ inStep }) => inStep(compared)));
