/** The last requests of this tab. They hold what was asked, never the token it was asked with. */
import { button, el } from "./dom.js";
import { operationsOf } from "./operations.js";
import { recall, remember } from "./storage.js";
import { graphqlTokens, meaningful } from "./syntax.js";

const MOST = 20;
const NAME = "history";

/**
 * @typedef {{ query: string, variables: string, operation: string | null }} Asked
 * @param {HTMLElement} container
 * @param {(asked: Asked) => void} onPick
 */
export function createHistory(container, onPick) {
  let entries = recall(NAME, []);

  function keep() {
    // A store that is full still takes the newest.
    while (!remember(NAME, entries) && entries.length > 1) entries = entries.slice(0, -1);
    render();
  }

  function render() {
    if (!entries.length) {
      container.replaceChildren(el("p", { class: "notice" }, "Requests you run appear here until this tab is closed."));
      return;
    }
    const clear = button("Clear", () => ((entries = []), keep()));
    const list = el("ol", { class: "plain cards" }, ...entries.map((entry) => card(entry, onPick)));
    container.replaceChildren(el("div", { class: "row" }, el("p", { class: "muted" }, `${entries.length} of the last ${MOST}`), clear), list);
  }

  render();
  return {
    /** @param {Asked} asked @param {{ ok: boolean, status: string }} outcome */
    add(asked, outcome) {
      const others = entries.filter((entry) => !sameRequest(entry, asked));
      entries = [{ ...asked, ...outcome, at: Date.now() }, ...others].slice(0, MOST);
      keep();
    },
    render,
  };
}

function sameRequest(one, other) {
  return one.query === other.query && one.variables === other.variables && one.operation === other.operation;
}

function card(entry, onPick) {
  const time = new Date(entry.at);
  return el(
    "li",
    {},
    el(
      "button",
      { type: "button", class: "card", onclick: () => onPick(entry) },
      el("span", { class: "card-title" }, titleOf(entry)),
      el("span", { class: "card-detail" }, fieldsOf(entry)),
      el("span", { class: entry.ok ? "outcome ok" : "outcome failed" }, entry.status),
      el("time", { datetime: time.toISOString() }, time.toLocaleTimeString()),
    ),
  );
}

function operationOf({ query, operation }) {
  const operations = operationsOf(query);
  return operations.find(({ name }) => name === operation) ?? operations[0] ?? null;
}

function titleOf(entry) {
  const chosen = operationOf(entry);
  if (!chosen) return "(no operation)";
  return chosen.name ? `${chosen.type} ${chosen.name}` : `${chosen.type} without a name`;
}

/** The first names inside the first selection, as a reminder. */
function fieldsOf(entry) {
  const { start, end } = operationOf(entry) ?? { start: 0, end: 0 };
  const tokens = meaningful(graphqlTokens(entry.query)).filter((token) => token.start >= start && token.end <= end);
  const opening = tokens.findIndex((token) => token.text === "{");
  const names = tokens.slice(opening + 1).filter((token) => token.kind === "name");
  return names.slice(0, 4).map((token) => token.text).join(" ");
}
