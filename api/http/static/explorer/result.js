/** The response pane. */
import { copy } from "./clipboard.js";
import { costView } from "./cost.js";
import { button, el, paint } from "./dom.js";
import { laidOut } from "./json.js";
import { problemCard, problemsOf } from "./problems.js";
import { jsonTokens } from "./syntax.js";

/** Beyond this many characters an answer is shown without colour. */
const PAINTED = 300_000;
const MOST_EVENTS = 50;

/**
 * @param {HTMLElement} container
 * @param {{ goTo: (line: number, column: number) => void, onTokenWanted: () => void }} options
 */
export function createResult(container, { goTo, onTokenWanted }) {
  const facts = el("div", { class: "facts", role: "status", "aria-live": "polite" });
  const copier = button("Copy", () => copy(output.textContent, "Response copied."), { title: "Copy the response" });
  const notes = el("div", { class: "notes" });
  const output = el("pre", { class: "output", tabindex: "0", "aria-label": "Response body" });
  container.append(el("div", { class: "toolbar" }, el("h2", {}, "Response"), facts, el("span", { class: "spring" }), copier), notes, output);
  let events = [];

  function write(text, { json }) {
    const laid = json ? laidOut(text) : text;
    output.replaceChildren(json && laid.length <= PAINTED ? paint(jsonTokens(laid)) : laid);
    copier.disabled = !text;
  }

  function annotate(answer) {
    const problems = problemsOf(answer).map((problem) => problemCard(problem, goTo));
    const cards = problems.length ? el("ul", { class: "plain problems", "aria-label": "Errors" }, ...problems) : null;
    notes.replaceChildren(...[costView(answer.extensions?.cost), cards].filter(Boolean));
  }

  function empty() {
    facts.replaceChildren();
    notes.replaceChildren(el("p", { class: "notice" }, "Run a query to see its answer here."));
    write("", { json: false });
  }

  empty();
  return {
    pending(streams) {
      events = [];
      facts.replaceChildren(el("span", { class: "badge waiting" }, streams ? "Listening…" : "Running…"));
      notes.replaceChildren();
      write("", { json: false });
    },
    /** @param {import("./transport.js").Answer} answer */
    show(answer) {
      const parsed = parse(answer.text);
      const outcome = outcomeOf(answer.status, parsed);
      const status = `${answer.status} ${answer.statusText}`.trim();
      facts.replaceChildren(badge(status, answer.status < 400), fact(duration(answer.milliseconds), "Time until the last byte"), fact(size(answer.bytes), "Size of the body, uncompressed"));
      annotate(parsed ?? {});
      if (answer.status === 401) notes.prepend(unauthorized(answer.challenge, onTokenWanted));
      write(answer.text, { json: parsed !== undefined });
      return outcome;
    },
    /** One result of a subscription; the newest stands on top. */
    event(text, count) {
      events = [text, ...events].slice(0, MOST_EVENTS);
      facts.replaceChildren(el("span", { class: "badge waiting" }, "Listening…"), fact(counted(count), "Results so far"));
      annotate(parse(text) ?? {});
      write(events.join("\n"), { json: events.every((one) => parse(one) !== undefined) });
    },
    /** The subscription is over. */
    ended(count) {
      facts.replaceChildren(badge("Ended", true), fact(counted(count), "Results in all"));
    },
    failed(reason) {
      facts.replaceChildren(badge("No answer", false));
      notes.replaceChildren(el("ul", { class: "plain problems" }, el("li", { class: "problem" }, el("p", {}, reason))));
      write("", { json: false });
    },
  };
}

/** `undefined` for what is no JSON, since `null` is. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function outcomeOf(status, parsed) {
  const problems = problemsOf(parsed ?? {}).length;
  const words = problems ? `${status}, ${problems === 1 ? "1 error" : `${problems} errors`}` : String(status);
  return { ok: status < 400 && problems === 0, status: words };
}

function unauthorized(challenge, onTokenWanted) {
  const description = challenge?.match(/error_description="([^"]*)"/)?.[1];
  const text = `The server did not accept the token${description ? `: ${description}` : "."}`;
  return el("div", { class: "notice inline" }, el("p", {}, text), button("Set a token", onTokenWanted, { class: "primary" }));
}

function badge(text, good) {
  return el("span", { class: good ? "badge good" : "badge bad" }, text);
}

function fact(text, title) {
  return el("span", { class: "fact", title }, text);
}

function counted(count) {
  return count === 1 ? "1 result" : `${count} results`;
}

function duration(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
