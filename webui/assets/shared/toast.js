// A short message that goes by itself; read aloud by screen readers.
export function toast({ level = 'info', text }) {
  const area = document.getElementById('tk-toasts') ?? document.body.appendChild(Object.assign(document.createElement('div'), {
    id: 'tk-toasts', className: 'toast-container position-fixed bottom-0 end-0 p-3',
  }));
  area.setAttribute('aria-live', level === 'danger' ? 'assertive' : 'polite');
  const message = Object.assign(document.createElement('div'), { className: `alert alert-${level} tk-toast`, role: 'status', textContent: text });
  area.append(message);
  setTimeout(() => message.remove(), level === 'danger' ? 10_000 : 5_000);
}
