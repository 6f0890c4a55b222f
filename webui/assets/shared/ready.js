// `body[data-ready]` stands while the page is complete: DOM parsed, every custom element drawn, the designer open.
let pending = 0, parsed = document.readyState === 'complete';

document.addEventListener('DOMContentLoaded', () => { parsed = true; settle(); });

// Marks the page as not ready until `work` is finished, well or badly; gives `work` back.
export function whileBusy(work) {
  pending += 1;
  delete document.body.dataset.ready;
  work.catch(() => {}).finally(() => { pending -= 1; settle(); });
  return work;
}

// Later, not now: a module that awaits its dictionary runs on after DOMContentLoaded, and what follows it is busy again at once
function settle() {
  setTimeout(() => { if (parsed && pending === 0) document.body.dataset.ready = ''; });
}
