// The server: translations by HTTP, live sound by WebSocket. Errors are its own one-line texts.

export const secret = { token: "" };

export class TokenNeeded extends Error {}

async function ask(path, options = {}) {
  const headers = { Accept: "application/json", ...options.headers };
  if (secret.token) headers.Authorization = `Bearer ${secret.token}`;
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch {
    throw new Error("the server does not answer: is it still running?");
  }
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({ detail: answer.statusText }));
  if (answer.status === 401) throw new TokenNeeded(problem.detail);
  throw new Error(problem.detail);
}

export const systems = () => ask("/v1/systems");

export function translate(file, query) {
  const body = new FormData();
  body.append("file", file, file.name);
  return ask(`/v1/translate?${query}`, { method: "POST", body });
}

// Opens a live connection. told is called with each message; ended with a text or nothing.
export function live(hello, told, ended) {
  const socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/v1/live`);
  let why = "";
  let ready = false;
  socket.onopen = () => socket.send(JSON.stringify({ ...hello, token: secret.token || null }));
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "ready") ready = true;
    else if (message.type === "problem") why = message.detail;
    else told(message);
  };
  socket.onclose = () => { ready = false; ended(why); };
  return {
    send({ samples, end_ms }) {
      if (!ready) return;
      const message = new Uint8Array(8 + samples.byteLength);
      new DataView(message.buffer).setFloat64(0, end_ms, true);
      message.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), 8);
      socket.send(message);
    },
    close: () => socket.close(),
  };
}
