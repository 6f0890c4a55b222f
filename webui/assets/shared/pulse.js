// `pulse` on <body>: every 30 s while somebody looks, and when the page comes back. For what must stay fresh, like the badge of open
// tasks; htmx's own `every 30s[condition]` needs eval, which is switched off.
const EVERY_MS = 30_000;

function beat() {
  if (document.visibilityState === 'visible') document.body.dispatchEvent(new CustomEvent('pulse'));
}

setInterval(beat, EVERY_MS);
addEventListener('focus', beat);
