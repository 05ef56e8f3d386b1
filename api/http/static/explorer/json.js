/** JSON laid out for reading without changing a digit: `1.0` stays `1.0`, whatever JavaScript thinks of numbers. */
import { jsonTokens } from "./syntax.js";

const STEP = "  ";

/** @param {string} text valid JSON; of several values each begins on a line of its own */
export function laidOut(text) {
  const tokens = jsonTokens(text).filter((token) => token.kind !== "space");
  let out = "";
  let depth = 0;
  for (const [i, { text: piece }] of tokens.entries()) {
    const previous = tokens[i - 1]?.text;
    const opened = previous === "{" || previous === "[";
    if (piece === "}" || piece === "]") {
      depth -= 1;
      out += opened ? piece : `\n${STEP.repeat(depth)}${piece}`;
      continue;
    }
    if (opened || previous === ",") out += `\n${STEP.repeat(depth)}`;
    else if (previous === ":") out += " ";
    else if (depth === 0 && out) out += "\n";
    out += piece;
    if (piece === "{" || piece === "[") depth += 1;
  }
  return out;
}
