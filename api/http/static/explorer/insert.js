/** Puts a field of the schema into the query: a root field into an operation of its kind, another where the caret is. */
import { announce } from "./announcer.js";
import { freeOperationName, operationsOf, selectionDepth } from "./operations.js";
import { operationOf } from "./schema.js";
import { fieldSnippet } from "./snippet.js";
import { graphqlTokens } from "./syntax.js";

export function insertField(editor, schema, typeName, field) {
  const snippet = fieldSnippet(schema, field);
  const operation = operationOf(schema, typeName);
  if (operation) insertAtRoot(editor, operation, field.name, snippet);
  else if (selectionDepth(editor.text, editor.caret) > 0) insertAtCaret(editor, snippet);
  else announce(`Put the cursor inside a selection of ${typeName} first.`);
}

function insertAtRoot(editor, type, fieldName, snippet) {
  const { text, caret } = editor;
  const around = operationsOf(text).find((one) => one.type === type && one.start <= caret && caret <= one.end);
  if (around) {
    const from = text.slice(0, around.close).trimEnd().length;
    place(editor, { from, to: around.close, before: "\n  ", after: "\n" }, snippet, "  ");
    return;
  }
  const name = freeOperationName(text, fieldName[0].toUpperCase() + fieldName.slice(1));
  const from = text.trimEnd().length;
  const gap = from ? "\n\n" : "";
  place(editor, { from, to: text.length, before: `${gap}${type} ${name} {\n  `, after: "\n}\n" }, snippet, "  ");
}

function insertAtCaret(editor, snippet) {
  const { text } = editor;
  const caret = behindWord(text, editor.caret);
  const indent = "  ".repeat(selectionDepth(text, caret));
  const line = text.slice(text.lastIndexOf("\n", caret - 1) + 1, caret);
  const rest = text.slice(caret).match(/^[^\n]*/)[0];
  // A line holding white space alone is taken over; behind anything else the field gets a line of its own.
  const from = line.trim() ? caret : caret - line.length;
  const before = (line.trim() ? "\n" : "") + indent;
  const after = rest.trim() ? `\n${rest.trim().startsWith("}") ? indent.slice(2) : indent}` : "";
  const to = caret + rest.length - rest.trimStart().length;
  place(editor, { from, to, before, after }, snippet, indent);
}

/** A caret inside a word means the place behind it. */
function behindWord(text, caret) {
  return graphqlTokens(text).find((token) => token.kind !== "space" && token.start < caret && caret < token.end)?.end ?? caret;
}

function place(editor, { from, to, before, after }, snippet, indent) {
  const deepen = (text) => text.replaceAll("\n", `\n${indent}`);
  const caret = from + before.length + deepen(snippet.text.slice(0, snippet.caret)).length;
  editor.edit({ from, to, insert: before + deepen(snippet.text) + after, start: caret, end: caret });
}
