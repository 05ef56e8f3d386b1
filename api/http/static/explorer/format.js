/**
 * A pretty-printer over tokens: selections a line each, arguments on one line while they fit.
 * It moves white space and commas only; where the result would hold other tokens, the text is left as it was.
 */
import { graphqlTokens, meaningful } from "./syntax.js";

const WIDTH = 80;
const CLOSERS = { "{": "}", "(": ")", "[": "]" };

/** @throws {SyntaxError} where brackets do not match */
export function formatGraphql(text) {
  const items = group(text);
  const printed = definitions(items, text)
    .map((definition) => selections(definition, "", text))
    .join("\n\n");
  const result = printed ? `${printed}\n` : "";
  return same(text, result) ? result : text;
}

/** @throws {SyntaxError} */
export function formatJson(text) {
  return text.trim() ? `${JSON.stringify(JSON.parse(text), null, 2)}\n` : "";
}

/** Tokens as a tree: a bracketed group is `{ open, items, start, end }`. */
function group(text) {
  const stack = [{ open: "", items: [] }];
  for (const token of graphqlTokens(text)) {
    if (token.kind === "space") continue;
    const top = stack.at(-1);
    if (token.text in CLOSERS) stack.push({ open: token.text, items: [], start: token.start, end: token.end });
    else if (token.kind === "punctuation" && ")}]".includes(token.text)) {
      if (CLOSERS[top.open] !== token.text) throw new SyntaxError(`${place(text, token.start)}: unexpected ${token.text}`);
      top.end = token.end;
      stack.pop();
      stack.at(-1).items.push(top);
    } else top.items.push(token);
  }
  const left = stack.at(-1);
  if (left.open) throw new SyntaxError(`${place(text, left.start)}: ${left.open} is not closed`);
  return left.items;
}

function place(text, offset) {
  const lines = text.slice(0, offset).split("\n");
  return `Line ${lines.length}, column ${lines.at(-1).length + 1}`;
}

/** Top-level items, cut after each closing brace and the comment behind it. */
function definitions(items, text) {
  const found = [[]];
  for (const [i, item] of items.entries()) {
    const finished = found.at(-1).some((earlier) => earlier.open === "{");
    if (finished && !trails(item, items[i - 1], text)) found.push([]);
    found.at(-1).push(item);
  }
  return found.filter((definition) => definition.length);
}

/** The items of a selection or a definition, each selection on a line of its own. */
function selections(items, indent, text) {
  let out = "";
  for (const [i, item] of items.entries()) {
    const previous = items[i - 1];
    if (item.kind === "comment") out += comment(item, previous, indent, text);
    else if (!previous) out += indent;
    else if (previous.kind === "comment" || (indent && startsSelection(items, i))) out += `\n${indent}`;
    else out += between(previous, item, items[i - 2], null, items[i + 1]);
    if (item.kind !== "comment") out += item.open ? opened(item, indent, out, text) : item.text;
  }
  return out;
}

function comment(item, previous, indent, text) {
  return (trails(item, previous, text) ? " " : previous ? `\n${indent}` : indent) + item.text;
}

/** A comment on the line of what it follows. */
function trails(item, previous, text) {
  return item.kind === "comment" && previous && !/[\n\r]/.test(text.slice(previous.end, item.start));
}

function startsSelection(items, i) {
  const [item, previous, before] = [items[i], items[i - 1], items[i - 2]];
  if (item.text === "...") return true;
  if (item.open || !isWord(item)) return false;
  return !(previous.text === ":" || previous.text === "..." || (previous.text === "on" && before?.text === "..."));
}

function isWord(item) {
  return ["name", "keyword", "literal", "key"].includes(item.kind);
}

function opened(item, indent, line, text) {
  if (item.open === "{") {
    if (!item.items.length) return "{}";
    return `{\n${selections(item.items, `${indent}  `, text)}\n${indent}}`;
  }
  if (holdsComment(item)) return text.slice(item.start, item.end);
  const flat = inline(item);
  const used = line.length - (line.lastIndexOf("\n") + 1);
  return used + flat.length <= WIDTH || flat.includes('"""') ? flat : broken(item, indent);
}

/** One argument a line. */
function broken(item, indent) {
  const entries = [[]];
  for (const [i, part] of item.items.entries()) {
    if (i && isEntry(part, item.items[i + 1])) entries.push([]);
    entries.at(-1).push(part);
  }
  const lines = entries.map((entry) => `${indent}  ${joined(entry, item.open)}`);
  return `${item.open}\n${lines.join("\n")}\n${indent}${CLOSERS[item.open]}`;
}

function inline(item) {
  const inner = joined(item.items, item.open);
  return item.open === "{" && inner ? `{ ${inner} }` : item.open + inner + CLOSERS[item.open];
}

function joined(items, open) {
  return items
    .map((item, i) => {
      const gap = i ? between(items[i - 1], item, items[i - 2], open, items[i + 1]) : "";
      return gap + (item.open ? inline(item) : item.text);
    })
    .join("");
}

/** An argument, a variable's definition or an object's field begins here. */
function isEntry(item, next) {
  return (isWord(item) || item.kind === "variable") && next?.text === ":";
}

/** What stands between two items of a line. `open` is the bracket around them, null in a selection. */
function between(previous, item, before, open, next) {
  if (item.text === ":" || item.text === "!" || item.open === "(") return "";
  if (previous.text === ":") return " ";
  if (previous.text === "...") return isWord(item) && item.text !== "on" ? "" : " ";
  if (open && isEntry(item, next)) return ", ";
  if (open === "[") return ", ";
  return " ";
}

function holdsComment(item) {
  return item.items.some((part) => part.kind === "comment" || (part.open && holdsComment(part)));
}

function same(one, other) {
  const texts = (text) => graphqlTokens(text).filter((token) => token.kind !== "space").map((token) => token.text);
  const [left, right] = [texts(one), texts(other)];
  return left.length === right.length && left.every((text, i) => text === right[i]);
}
