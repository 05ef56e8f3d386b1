/**
 * What the editor's keys do, as plain functions of the text and the selection.
 *
 * @typedef {{ text: string, start: number, end: number }} State
 * @typedef {{ from: number, to: number, insert: string, start: number, end: number }} Edit
 *   replace `from`..`to` by `insert`, then select `start`..`end`
 */

const STEP = "  ";

/** @param {State} state @returns {Edit} */
export function indent({ text, start, end }) {
  if (!text.slice(start, end).includes("\n")) return caretAfter(start, end, STEP);
  return changeLines({ text, start, end }, (line) => (line ? STEP + line : line));
}

/** @param {State} state @returns {Edit} */
export function outdent(state) {
  return changeLines(state, (line) => line.replace(/^ {1,2}|^\t/, ""));
}

/** Comments the lines out, or in again where all of them are comments. */
export function toggleComment(state) {
  const { from, to } = lines(state);
  const all = state.text.slice(from, to).split("\n").filter((line) => line.trim());
  const commented = all.length > 0 && all.every((line) => line.trimStart().startsWith("#"));
  if (commented) return changeLines(state, (line) => line.replace(/^(\s*)# ?/, "$1"));
  return changeLines(state, (line) => (line.trim() ? line.replace(/^(\s*)/, "$1# ") : line));
}

/** A new line as deep as this one, deeper behind an opening bracket; a closing one right there moves below. */
export function newline({ text, start, end }) {
  const line = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  const depth = line.match(/^\s*/)[0];
  if (!/[{([]\s*$/.test(line)) return caretAfter(start, end, `\n${depth}`);
  const inner = `\n${depth}${STEP}`;
  if (!/^[})\]]/.test(text.slice(end))) return caretAfter(start, end, inner);
  const caret = start + inner.length;
  return { from: start, to: end, insert: `${inner}\n${depth}`, start: caret, end: caret };
}

/** A closing bracket typed first on its line steps out; null where it is typed elsewhere. */
export function close({ text, start, end }, bracket) {
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const before = text.slice(lineStart, start);
  if (!before.endsWith(STEP) || before.trim()) return null;
  const from = start - STEP.length;
  return { from, to: end, insert: bracket, start: from + 1, end: from + 1 };
}

function caretAfter(from, to, insert) {
  return { from, to, insert, start: from + insert.length, end: from + insert.length };
}

function lines({ text, start, end }) {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  // A selection that ends where a line begins does not mean that line.
  const last = end > start && text[end - 1] === "\n" ? end - 1 : end;
  const stop = text.indexOf("\n", last);
  return { from, to: stop < 0 ? text.length : stop };
}

function changeLines(state, change) {
  const { from, to } = lines(state);
  const before = state.text.slice(from, to).split("\n");
  const after = before.map(change);
  const insert = after.join("\n");
  const start = Math.max(from, state.start + after[0].length - before[0].length);
  const end = Math.max(start, state.end + insert.length - (to - from));
  return { from, to, insert, start, end };
}
