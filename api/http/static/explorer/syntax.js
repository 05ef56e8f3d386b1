/**
 * Tokens of GraphQL and JSON. Both lexers are total: whatever the text, the tokens' texts joined are the text again.
 *
 * @typedef {{ kind: string, text: string, start: number, end: number }} Token
 */

const GRAPHQL = new RegExp(
  [
    String.raw`(?<comment>#[^\n\r]*)`,
    String.raw`(?<string>"""(?:\\"""|[^])*?(?:"""|$)|"(?:\\[^\n\r]|[^"\\\n\r])*"?)`,
    String.raw`(?<variable>\$[_A-Za-z]\w*)`,
    String.raw`(?<directive>@[_A-Za-z]\w*)`,
    String.raw`(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)`,
    String.raw`(?<name>[_A-Za-z]\w*)`,
    String.raw`(?<punctuation>\.\.\.|[!$&(){}[\]:=|@])`,
    String.raw`(?<space>[\s,\uFEFF]+)`,
    String.raw`(?<unknown>[^])`,
  ].join("|"),
  "g",
);

const JSON_TEXT = new RegExp(
  [
    String.raw`(?<string>"(?:\\[^\n\r]|[^"\\\n\r])*"?)`,
    String.raw`(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)`,
    String.raw`(?<literal>\b(?:true|false|null)\b)`,
    String.raw`(?<punctuation>[{}[\]:,])`,
    String.raw`(?<space>\s+)`,
    String.raw`(?<unknown>[^])`,
  ].join("|"),
  "g",
);

const KEYWORDS = new Set(["query", "mutation", "subscription", "fragment", "on"]);
const LITERALS = new Set(["true", "false", "null"]);
const CLOSERS = { "{": "}", "(": ")", "[": "]" };

/** @returns {Token[]} */
export function graphqlTokens(text) {
  const tokens = lex(GRAPHQL, text);
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== "name") continue;
    if (KEYWORDS.has(token.text) && !isFieldName(tokens, i)) token.kind = "keyword";
    else if (LITERALS.has(token.text)) token.kind = "literal";
    else if (nextOf(tokens, i)?.text === ":") token.kind = "key";
  }
  return tokens;
}

/** @returns {Token[]} */
export function jsonTokens(text) {
  const tokens = lex(JSON_TEXT, text);
  for (const [i, token] of tokens.entries()) {
    if (token.kind === "string" && nextOf(tokens, i)?.text === ":") token.kind = "key";
  }
  return tokens;
}

/** The tokens that mean something to GraphQL, comments excepted. */
export function meaningful(tokens) {
  return tokens.filter((token) => token.kind !== "space" && token.kind !== "comment");
}

/** Starts of the bracket beside the caret and of its partner; empty where there is none. */
export function matchingBrackets(tokens, caret) {
  const open = [];
  for (const token of tokens) {
    if (token.kind !== "punctuation") continue;
    if (token.text in CLOSERS) open.push(token);
    else if (open.length && CLOSERS[open.at(-1).text] === token.text) {
      const opener = open.pop();
      if ([opener.start, opener.end, token.start, token.end].includes(caret)) return [opener.start, token.start];
    }
  }
  return [];
}

function lex(grammar, text) {
  const tokens = [];
  for (const match of text.matchAll(grammar)) {
    const [kind] = Object.entries(match.groups).find(([, matched]) => matched !== undefined);
    tokens.push({ kind, text: match[0], start: match.index, end: match.index + match[0].length });
  }
  return tokens;
}

/** `query` may also be a field: then it follows a brace, a name or a closing bracket inside a selection. */
function isFieldName(tokens, i) {
  if (tokens[i].text === "on") return previousOf(tokens, i)?.text !== "..." && !isTypeCondition(tokens, i);
  let depth = 0;
  for (const token of tokens.slice(0, i)) {
    if (token.text === "{") depth += 1;
    if (token.text === "}") depth -= 1;
  }
  return depth > 0;
}

function isTypeCondition(tokens, i) {
  const before = meaningful(tokens.slice(0, i));
  return before.at(-2)?.text === "fragment";
}

function nextOf(tokens, i) {
  return tokens.slice(i + 1, i + 4).find((token) => token.kind !== "space");
}

function previousOf(tokens, i) {
  return tokens.slice(Math.max(0, i - 3), i).findLast((token) => token.kind !== "space" && token.kind !== "comment");
}
