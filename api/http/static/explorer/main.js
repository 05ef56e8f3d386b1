/** Puts the page together and runs requests. */
import { createAccess } from "./access.js";
import { announce } from "./announcer.js";
import { copy } from "./clipboard.js";
import { curlCommand, TOKEN_VARIABLE } from "./curl.js";
import { createDocs } from "./docs.js";
import { byId } from "./dom.js";
import { createHistory } from "./history.js";
import { insertField } from "./insert.js";
import { createRequest } from "./request.js";
import { createResult } from "./result.js";
import { createSamples } from "./samples.js";
import { recall, remember } from "./storage.js";
import { createTabs } from "./tabs.js";
import { createTokens, takeFromAddress } from "./token.js";
import { ask, subscribe } from "./transport.js";

const GREETING = `# Welcome. Ctrl or Cmd + Enter runs this query.
query Hello {
  __schema {
    queryType {
      name
    }
  }
}
`;

const path = setting("azimuth-graphql-path");
const tokens = createTokens();
const access = createAccess(tokens, setting("azimuth-token-path"));
const request = createRequest();
const result = createResult(byId("response"), { goTo: request.query.goTo, onTokenWanted: () => access.open() });
const past = createHistory(byId("panel-history"), request.open);
const samples = createSamples(byId("panel-samples"), openSample);
const docs = createDocs(byId("panel-docs"), {
  path,
  tokens,
  onInsert: (schema, typeName, field) => insertField(request.query, schema, typeName, field),
  onTokenWanted: () => access.open(),
});
let running = null;

function setting(name) {
  return document.querySelector(`meta[name="${name}"]`).content;
}

function openSample({ query, variables, operationName = null }) {
  const values = variables ? `${JSON.stringify(variables, null, 2)}\n` : "";
  request.open({ query, variables: values, operation: operationName });
}

async function run() {
  if (running) return running.abort();
  const asked = request.written();
  const streams = request.operation?.type === "subscription";
  try {
    const body = request.body();
    running = new AbortController();
    showRunning();
    result.pending(streams);
    const outcome = await (streams ? listen : once)(body, { token: tokens.value, signal: running.signal });
    past.add(asked, outcome);
  } catch (error) {
    result.failed(reasonOf(error));
  } finally {
    running = null;
    showRunning();
  }
}

async function once(body, options) {
  return result.show(await ask(path, body, options));
}

async function listen(body, options) {
  let count = 0;
  const ended = () => (result.ended(count), { ok: true, status: `${count} results` });
  try {
    const onEvent = (text) => result.event(text, (count += 1));
    const answer = await subscribe(path, body, { ...options, onEvent });
    return answer ? result.show(answer) : ended();
  } catch (error) {
    // Stopping is how a subscription ends, so what came until then stays on the page.
    if (error.name !== "AbortError") throw error;
    return ended();
  }
}

function reasonOf(error) {
  if (error.name === "AbortError") return "Stopped before the answer came.";
  if (error instanceof TypeError) return `The server could not be reached: ${error.message}.`;
  return error.message;
}

function showRunning() {
  const button = byId("run");
  button.textContent = running ? "Stop" : "Run";
  button.classList.toggle("stop", running !== null);
}

function format() {
  try {
    request.format();
  } catch (error) {
    announce(`Not formatted. ${error.message}`);
  }
}

function copyCurl() {
  try {
    const streams = request.operation?.type === "subscription";
    const command = curlCommand(new URL(path, location.href).href, request.body(), { streams });
    copy(command, `Copied. The command reads the token from $${TOKEN_VARIABLE}.`);
  } catch (error) {
    announce(error.message);
  }
}

function showSidebar(open) {
  byId("workspace").classList.toggle("wide", !open);
  byId("sidebar-toggle").setAttribute("aria-expanded", String(open));
  byId("sidebar").hidden = !open;
  remember("sidebar", open);
}

function takeToken() {
  const token = takeFromAddress();
  if (token === null) return;
  try {
    tokens.set(token);
    announce("Token taken from the link.");
  } catch (error) {
    access.open(error.message);
  }
}

function start() {
  takeToken();
  byId("endpoint").textContent = path;
  byId("run").addEventListener("click", run);
  byId("format").addEventListener("click", format);
  byId("copy-curl").addEventListener("click", copyCurl);
  byId("sidebar-toggle").addEventListener("click", () => showSidebar(byId("sidebar").hidden));
  window.addEventListener("hashchange", takeToken);
  window.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || byId("access").open) return;
    event.preventDefault();
    run();
  });
  showRunning();
  showSidebar(recall("sidebar", true));
  createTabs({ docs: docs.show, samples: samples.show, history: past.render });
  if (request.isEmpty) request.open({ query: GREETING });
}

start();
