// Requests. Reads need nothing; acts repeat the session cookie in a header, which no other site can do.

const SESSION = "X-Fengsui-Session";

export class Failed extends Error {
  constructor(status, body) {
    super(body?.reason ?? `HTTP ${status}`);
    this.status = status;
  }
}

async function read(answer) {
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Failed(answer.status, body);
  return body;
}

export const get = async (path) => read(await fetch(path, { cache: "no-store" }));

function session() {
  const name = `fengsui_session_${location.port || 80}=`;
  const found = document.cookie.split("; ").find((c) => c.startsWith(name));
  return found ? found.slice(name.length) : "";
}

function post(path, body) {
  const headers = { "Content-Type": "application/json", [SESSION]: session() };
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** act("acknowledge", {ids, actor, comment}). A session from before a restart is renewed once. */
export async function act(what, body) {
  const path = `/api/v1/commands/${what}`;
  const answer = await post(path, body);
  if (answer.status !== 401) return read(answer);
  await fetch("/", { cache: "no-store" });
  return read(await post(path, body));
}
