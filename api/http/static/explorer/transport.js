/** Talks to this server: GraphQL over HTTP, subscriptions as server-sent events, tokens by client credentials. */

const GRAPHQL = "application/graphql-response+json, application/json;q=0.9";
const EVENTS = "text/event-stream";

/**
 * @typedef {{ status: number, statusText: string, type: string, challenge: string | null, text: string,
 *   bytes: number, milliseconds: number }} Answer `bytes` as they are once decompressed
 */

/** @returns {Promise<Answer>} */
export async function ask(path, body, { token, signal } = {}) {
  const began = performance.now();
  const response = await send(path, body, { token, signal, accept: GRAPHQL });
  return read(response, began);
}

/**
 * Calls `onEvent` with each result's text until the server completes.
 * @returns {Promise<Answer | null>} the answer where the server sent no stream
 */
export async function subscribe(path, body, { token, signal, onEvent }) {
  const began = performance.now();
  const response = await send(path, body, { token, signal, accept: EVENTS });
  if (mediaType(response) !== EVENTS) return read(response, began);
  for await (const { event, data } of eventsOf(response)) {
    if (event === "complete") break;
    if (event === "next" && data) onEvent(data);
  }
  return null;
}

/** @returns {Promise<{ token: string, expiresAt: number | null }>} */
export async function fetchToken(path, credentials) {
  const body = new URLSearchParams({ grant_type: "client_credentials", ...credentials });
  const response = await fetch(path, { method: "POST", body, credentials: "omit", cache: "no-store", redirect: "error" });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok || typeof answer.access_token !== "string") {
    throw new Error(refusal(response.status, answer));
  }
  const lifetime = Number(answer.expires_in);
  return { token: answer.access_token, expiresAt: lifetime > 0 ? Date.now() + lifetime * 1000 : null };
}

function refusal(status, { error, error_description: description }) {
  const reason = [error, description].filter(Boolean).join(": ");
  return `No token (HTTP ${status}). ${reason || "The server gave no reason."}`;
}

/** A cookie must never stand in for the token, so none is sent. */
function send(path, body, { token, signal, accept }) {
  const headers = { "Content-Type": "application/json", Accept: accept };
  if (token) headers.Authorization = `Bearer ${token}`;
  const request = { method: "POST", headers, body: JSON.stringify(body), signal };
  return fetch(path, { ...request, credentials: "omit", cache: "no-store", redirect: "error" });
}

async function read(response, began) {
  const bytes = await response.arrayBuffer();
  return {
    status: response.status,
    statusText: response.statusText,
    type: mediaType(response),
    challenge: response.headers.get("WWW-Authenticate"),
    text: new TextDecoder().decode(bytes),
    bytes: bytes.byteLength,
    milliseconds: performance.now() - began,
  };
}

function mediaType(response) {
  return (response.headers.get("Content-Type") ?? "").split(";")[0].trim().toLowerCase();
}

async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    // A carriage return at the end may be half of a line break whose other half is still under way.
    waiting += value;
    const usable = waiting.endsWith("\r") ? waiting.length - 1 : waiting.length;
    const blocks = waiting.slice(0, usable).replace(/\r\n?/g, "\n").split("\n\n");
    waiting = blocks.pop() + waiting.slice(usable);
    yield* blocks.map(eventOf);
  }
}

function eventOf(block) {
  const fields = block.split("\n").map((line) => line.match(/^([^:]*):? ?(.*)$/));
  const data = fields.filter(([, name]) => name === "data").map(([, , value]) => value);
  const event = fields.findLast(([, name]) => name === "event");
  return { event: event?.[2] ?? "message", data: data.join("\n") };
}
