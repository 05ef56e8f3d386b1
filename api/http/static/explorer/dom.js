/** Elements from plain values. Strings become text nodes, so nothing a server says is ever read as markup. */

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [properties] `onclick` and its like are listeners, `true` an empty attribute;
 *   `null`, `undefined` and `false` are left out, the rest are attributes
 * @param {...(Node | string | null | undefined | false)} children
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** The element of the page with this id; a page without it is a mistake of ours. */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

export function button(label, onclick, properties = {}) {
  return el("button", { type: "button", onclick, ...properties }, label);
}

/** Tokens as coloured text. */
export function paint(tokens, marked = []) {
  const painted = document.createDocumentFragment();
  for (const token of tokens) {
    const mark = marked.includes(token.start);
    if (token.kind === "space" && !mark) painted.append(token.text);
    else painted.append(el("span", { class: mark ? `t-${token.kind} matched` : `t-${token.kind}` }, token.text));
  }
  return painted;
}

/** Prose with its `code` set apart. */
export function prose(text, properties = {}) {
  const pieces = text.split(/`([^`\n]+)`/);
  return el("p", { class: "prose", ...properties }, ...pieces.map((piece, i) => (i % 2 ? el("code", {}, piece) : piece)));
}
