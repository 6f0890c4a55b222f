// Fields and a file to the server, and a file from it.
import { Refused, csrfToken } from '../shared/http.js';

export async function sendFile(address, fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) body.append(name, value);
  const answer = await fetch(address, { method: 'POST', body, headers: { 'X-CSRFToken': csrfToken(), Accept: 'application/json' } });
  if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => null));
  return answer;
}

export async function offer(answer, download) {
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(await answer.blob()), download });
  link.click();
  URL.revokeObjectURL(link.href);
}
