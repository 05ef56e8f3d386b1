/** A text area with line numbers, coloured by a layer beneath it that holds the same text. */
import { el, paint } from "./dom.js";
import { close, indent, newline, outdent, toggleComment } from "./editing.js";
import { matchingBrackets } from "./syntax.js";

/** Beyond this many characters colour costs more than it gives. */
const PAINTED = 200_000;
/** Beyond this many characters a browser takes seconds to insert text in a way that it can undo. */
const UNDOABLE = 5_000;

/**
 * @param {HTMLElement} container
 * @param {{ tokens: (text: string) => import("./syntax.js").Token[], comments?: boolean, onChange: () => void,
 *   attributes: Record<string, string> }} options `attributes` name and describe the text area
 */
export function createEditor(container, { tokens, comments = false, onChange, attributes }) {
  const area = el("textarea", { wrap: "off", spellcheck: "false", autocapitalize: "off", autocomplete: "off", ...attributes });
  const layer = el("pre", { class: "layer", "aria-hidden": "true" });
  const gutter = el("pre", { class: "gutter", "aria-hidden": "true" });
  container.classList.add("editor");
  container.append(el("div", { class: "gutter-box" }, gutter), el("div", { class: "text-box" }, layer, area));
  let leaving = false;
  let stale = false;

  function draw() {
    stale = false;
    const text = area.value;
    const lexed = text.length <= PAINTED ? tokens(text) : [{ kind: "plain", text, start: 0, end: text.length }];
    const caret = area.selectionStart === area.selectionEnd && document.activeElement === area ? area.selectionStart : -1;
    layer.replaceChildren(paint(lexed, matchingBrackets(lexed, caret)), "\n");
    const count = text.split("\n").length;
    gutter.textContent = Array.from({ length: count }, (_, i) => i + 1).join("\n");
    follow();
  }

  function follow() {
    layer.style.transform = `translate(${-area.scrollLeft}px, ${-area.scrollTop}px)`;
    gutter.style.transform = `translateY(${-area.scrollTop}px)`;
  }

  function apply(edit) {
    replace(area, edit);
    area.setSelectionRange(edit.start, edit.end);
    changed();
  }

  function changed() {
    draw();
    onChange();
  }

  // Inserting a text tells of each of its lines; drawing once, when the last is in, is what keeps that quick.
  function touched() {
    if (stale) return;
    stale = true;
    queueMicrotask(() => stale && changed());
  }

  function keyed(event) {
    if (event.isComposing) return;
    const edit = editFor(event, { text: area.value, start: area.selectionStart, end: area.selectionEnd }, { comments, leaving });
    leaving = event.key === "Escape" || (leaving && ["Shift", "Tab"].includes(event.key));
    if (!edit) return;
    event.preventDefault();
    apply(edit);
  }

  area.addEventListener("keydown", keyed);
  area.addEventListener("input", touched);
  area.addEventListener("scroll", follow);
  area.addEventListener("blur", () => (leaving = false));
  for (const moved of ["keyup", "click", "focus", "blur", "select"]) area.addEventListener(moved, draw);
  draw();

  return {
    get text() {
      return area.value;
    },
    get caret() {
      return area.selectionStart;
    },
    /** Undo brings the text back that stood there before. */
    replaceAll(text) {
      apply({ from: 0, to: area.value.length, insert: text, start: 0, end: 0 });
      area.scrollTop = 0;
    },
    /** `edit` as in editing.js. */
    edit(edit) {
      apply(edit);
      reveal(area);
    },
    /** Both count from 1, as in the locations of a GraphQL error. */
    goTo(line, column) {
      const offset = area.value.split("\n").slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
      area.focus();
      area.setSelectionRange(offset, offset);
      reveal(area);
      draw();
    },
    focus: () => area.focus(),
    markInvalid: (invalid) => area.setAttribute("aria-invalid", String(invalid)),
  };
}

function editFor(event, state, { comments, leaving }) {
  const command = event.ctrlKey || event.metaKey;
  if (event.key === "/" && command && comments) return toggleComment(state);
  if (command || event.altKey) return null;
  if (event.key === "Tab" && !leaving) return event.shiftKey ? outdent(state) : indent(state);
  if (event.key === "Enter" && !event.shiftKey) return newline(state);
  if ("})]".includes(event.key)) return close(state, event.key);
  return null;
}

/** By the editing command where there is one, since only that keeps the browser's undo. */
function replace(area, { from, to, insert }) {
  area.focus();
  area.setSelectionRange(from, to);
  if (from === to && !insert) return;
  if (insert.length > UNDOABLE || !command(insert)) area.setRangeText(insert, from, to, "end");
}

function command(insert) {
  return insert ? document.execCommand("insertText", false, insert) : document.execCommand("delete");
}

/** Scrolls the caret's line into view: setting a selection alone does not. */
function reveal(area) {
  const height = Number.parseFloat(getComputedStyle(area).lineHeight);
  const top = (area.value.slice(0, area.selectionStart).split("\n").length - 1) * height;
  if (top < area.scrollTop || top > area.scrollTop + area.clientHeight - 2 * height) {
    area.scrollTop = Math.max(0, top - area.clientHeight / 3);
  }
}
