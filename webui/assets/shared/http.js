// The one way in which our scripts talk to the server: CSRF token sent, answers as JSON, refusals as errors with their status.
export class Refused extends Error {
  constructor(status, body) {
    super(body?.detail ?? body?.message ?? `HTTP ${status}`);
    Object.assign(this, { status, body });
  }
}

// the server was not reached
export class Offline extends Error {}

const offline = error => { throw new Offline(error.message, { cause: error }); };

export function csrfToken() {
  return document.querySelector('meta[name=csrf-token]')?.content ?? '';
}

export async function send(method, address, body, headers = {}) {
  const response = await fetch(address, {
    method,
    headers: {
      Accept: 'application/json', 'X-CSRFToken': csrfToken(),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch(offline);
  return answered(response);
}

// a form as it is typed; it carries its own token
export async function sendForm(address, form) {
  return answered(await fetch(address, { method: 'POST', body: form, headers: { Accept: 'application/json' } }).catch(offline), true);
}

async function answered(response, wanted = false) {
  const json = response.headers.get('Content-Type')?.includes('json') ? JSON.parse(await response.text().catch(offline)) : null;
  if (!response.ok || (wanted && !json)) throw new Refused(response.status, json);
  return json;
}

// a part of a page, as nodes whose scripts do not run
export async function getPart(address) {
  const response = await fetch(address, { headers: { 'HX-Request': 'true' } }).catch(offline);
  const text = await response.text().catch(offline);
  if (response.headers.has('HX-Redirect')) throw new Refused(401, null);  // to the page for signing in
  if (!response.ok) throw new Refused(response.status, null);
  const { head, body } = new DOMParser().parseFromString(text, 'text/html');
  return [...head.childNodes, ...body.childNodes];
}

export const get = address => send('GET', address);
