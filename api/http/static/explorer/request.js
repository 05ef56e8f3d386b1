/** The request being written: two editors, the choice among several operations, and what they make together. */
import { byId, el } from "./dom.js";
import { createEditor } from "./editor.js";
import { formatGraphql, formatJson } from "./format.js";
import { operationsOf } from "./operations.js";
import { recall, remember } from "./storage.js";
import { graphqlTokens, jsonTokens } from "./syntax.js";

const DRAFT = "draft";
const DRAFT_DELAY = 300;
const HINT = { "aria-describedby": "editor-hint" };

/** The request cannot be sent as it is written; the message says why. */
export class RequestUnready extends Error {}

export function createRequest() {
  const choice = byId("operation-choice");
  const select = byId("operation");
  const problem = el("p", { class: "field-error", id: "variables-error", role: "alert" });
  let saving = 0;

  const query = createEditor(byId("query-editor"), {
    tokens: graphqlTokens,
    comments: true,
    onChange: queryChanged,
    attributes: { id: "query", "aria-label": "Query", placeholder: "Write a query, or pick a field from the docs", ...HINT },
  });
  const variables = createEditor(byId("variables-editor"), {
    tokens: jsonTokens,
    onChange: variablesChanged,
    attributes: { id: "variables", "aria-labelledby": "variables-label", placeholder: "{ }", "aria-errormessage": "variables-error", ...HINT },
  });
  byId("variables-editor").after(problem);

  // The operation being written is the one about to be tried; another stays chosen until the next change.
  function queryChanged() {
    const operations = operationsOf(query.text);
    const names = operations.map(({ name }) => name).filter((name) => name !== null);
    const edited = operations.find(({ start, end }) => start <= query.caret && query.caret <= end)?.name;
    const chosen = edited ?? (names.includes(select.value) ? select.value : names[0]);
    select.replaceChildren(...names.map((name) => el("option", { value: name }, name)));
    if (chosen !== undefined) select.value = chosen;
    choice.hidden = names.length < 2;
    save();
  }

  function variablesChanged() {
    const reason = variablesProblem(variables.text);
    problem.textContent = reason ?? "";
    variables.markInvalid(reason !== null);
    save();
  }

  function save() {
    clearTimeout(saving);
    saving = setTimeout(keep, DRAFT_DELAY);
  }

  function keep() {
    remember(DRAFT, written());
  }

  function written() {
    return { query: query.text, variables: variables.text, operation: select.value || null };
  }

  function open({ query: text, variables: values = "", operation = null }) {
    query.replaceAll(text);
    variables.replaceAll(values);
    if (operation !== null) select.value = operation;
    query.focus();
  }

  select.addEventListener("change", save);
  window.addEventListener("pagehide", keep);
  const draft = recall(DRAFT, null);
  if (draft) open(draft);

  return {
    query,
    written,
    open,
    get isEmpty() {
      return !query.text.trim();
    },
    /** The operation that would run; null while there is none. */
    get operation() {
      const operations = operationsOf(query.text);
      return operations.find(({ name }) => name === select.value) ?? operations[0] ?? null;
    },
    /** @returns {object} the body to send @throws {RequestUnready} */
    body() {
      if (!query.text.trim()) throw new RequestUnready("Write a query first.");
      const reason = variablesProblem(variables.text);
      if (reason) throw new RequestUnready(reason);
      const body = { query: query.text };
      if (select.value) body.operationName = select.value;
      if (variables.text.trim()) body.variables = JSON.parse(variables.text);
      return body;
    },
    /** @throws {SyntaxError} */
    format() {
      const [text, values] = [formatGraphql(query.text), formatJson(variables.text)];
      if (text !== query.text) query.replaceAll(text);
      if (values !== variables.text) variables.replaceAll(values);
    },
  };
}

function variablesProblem(text) {
  if (!text.trim()) return null;
  try {
    const value = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? null : 'Variables must be a JSON object, such as {"first": 10}.';
  } catch (error) {
    return `Variables are not valid JSON: ${error.message}`;
  }
}
