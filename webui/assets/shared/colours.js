// Colours of the BPMN renderer, which draws attributes and knows no style sheet.
export function colours() {
  return document.documentElement.dataset.bsTheme === 'dark'
    ? { defaultFillColor: '#1b2434', defaultStrokeColor: '#c1c9d6', defaultLabelColor: '#e6e9ee' }
    : { defaultFillColor: '#ffffff', defaultStrokeColor: '#22304a', defaultLabelColor: '#182433' };
}
