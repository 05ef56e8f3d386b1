/** The operations of a document, found without a full parser, so that a half-written document has some too. */
import { graphqlTokens, meaningful } from "./syntax.js";

const TYPES = new Set(["query", "mutation", "subscription"]);

/**
 * @typedef {{ type: string, name: string | null, start: number, close: number, end: number }} Operation
 *   `close` is where its closing brace stands
 * @returns {Operation[]}
 */
export function operationsOf(text) {
  return definitionsOf(text).filter((definition) => definition.type !== "fragment");
}

/** How many selections are open at an offset. */
export function selectionDepth(text, offset) {
  const tokens = meaningful(graphqlTokens(text)).filter((token) => token.end <= offset);
  return tokens.reduce((depth, token) => depth + (token.text === "{" ? 1 : token.text === "}" ? -1 : 0), 0);
}

export function freeOperationName(text, wanted) {
  const taken = new Set(operationsOf(text).map((operation) => operation.name));
  let name = wanted;
  for (let count = 2; taken.has(name); count += 1) name = `${wanted}${count}`;
  return name;
}

function definitionsOf(text) {
  const found = [];
  let depth = 0;
  let current = null;
  for (const token of meaningful(graphqlTokens(text))) {
    if (depth === 0) current = beginning(token, current);
    if ("({[".includes(token.text)) depth += 1;
    if (")}]".includes(token.text)) depth -= 1;
    if (depth <= 0 && token.text === "}" && current) {
      found.push({ ...current, close: token.start, end: token.end });
      current = null;
      depth = 0;
    }
  }
  return found;
}

function beginning(token, current) {
  if (current === null) {
    if (TYPES.has(token.text) || token.text === "fragment") return { type: token.text, name: null, start: token.start };
    return token.text === "{" ? { type: "query", name: null, start: token.start } : null;
  }
  // The name follows its keyword directly; later names belong to directives.
  const named = current.name === null && ["name", "keyword", "literal"].includes(token.kind);
  return named ? { ...current, name: token.text } : current;
}
