/** The Docs tab: loads the schema when it is first shown, then lets one search it and walk from type to type. */
import { button, el, prose } from "./dom.js";
import { typeView } from "./docs_type.js";
import { loadSchema, membersOf, searchSchema } from "./schema.js";

const MOST_RESULTS = 60;
const KINDS = { OBJECT: "Objects", INTERFACE: "Interfaces", UNION: "Unions", INPUT_OBJECT: "Inputs", ENUM: "Enums", SCALAR: "Scalars" };

/**
 * @param {HTMLElement} container
 * @param {{ path: string, tokens: object, onInsert: (schema: object, typeName: string, field: object) => void,
 *   onTokenWanted: () => void }} options
 */
export function createDocs(container, { path, tokens, onInsert, onTokenWanted }) {
  const search = el("input", { type: "search", placeholder: "Search types and fields", "aria-label": "Search the schema", oninput: render });
  const crumbs = el("nav", { class: "crumbs", "aria-label": "Where you are" });
  const body = el("div", { class: "docs-body" });
  let schema = null;
  let turn = 0;
  let loading = false;
  let shown = false;
  let trail = [];

  async function load() {
    const mine = ++turn;
    loading = true;
    notice("Reading the schema…");
    try {
      const loaded = await loadSchema(path, tokens.value);
      if (mine === turn) loadedAs(loaded);
    } catch (error) {
      if (mine === turn) refused(error);
    } finally {
      if (mine === turn) loading = false;
    }
  }

  function loadedAs(loaded) {
    schema = loaded;
    trail = trail.filter((name) => schema.types.has(name));
    container.replaceChildren(search, crumbs, body);
    render();
  }

  function refused(error) {
    schema = null;
    const remedy = error.needsToken ? button("Set a token", onTokenWanted, { class: "primary" }) : null;
    notice(error.message, remedy, button("Try again", load));
  }

  function notice(text, ...actions) {
    container.replaceChildren(el("div", { class: "notice", role: "status" }, el("p", {}, text), ...actions));
  }

  function show() {
    shown = true;
    if (schema || loading) return;
    if (tokens.value) load();
    else notice("Set a token to read the schema.", button("Set a token", onTokenWanted, { class: "primary" }), button("Try without", load));
  }

  /** @param {string} [member] the field to bring into view */
  function go(name, member) {
    search.value = "";
    trail = trail.includes(name) ? trail.slice(0, trail.indexOf(name) + 1) : [...trail, name];
    render();
    const place = member && body.querySelector(`[data-member="${member}"]`);
    if (place) {
      place.classList.add("sought");
      place.scrollIntoView({ block: "center" });
    } else container.scrollTop = 0;
    body.querySelector("h2")?.focus({ preventScroll: true });
  }

  function goTo(depth) {
    search.value = "";
    trail = trail.slice(0, depth);
    render();
  }

  function render() {
    const name = trail.at(-1);
    crumbs.replaceChildren(...crumbsOf(trail, goTo));
    crumbs.hidden = !trail.length && !search.value.trim();
    if (search.value.trim()) body.replaceChildren(...results(schema, search.value, go));
    else if (name) body.replaceChildren(...typeView(schema, schema.types.get(name), { go, onInsert }));
    else body.replaceChildren(...home(schema, go));
  }

  tokens.listen(() => {
    // Another token may be shown another schema, and what is under way was asked with the old one.
    schema = null;
    turn += 1;
    loading = false;
    if (shown) show();
  });

  return { show };
}

function crumbsOf(trail, goTo) {
  const names = ["Schema", ...trail];
  return names.flatMap((name, depth) => {
    const here = depth === names.length - 1;
    const crumb = here ? el("span", { "aria-current": "page" }, name) : button(name, () => goTo(depth), { class: "link" });
    return depth ? [" › ", crumb] : [crumb];
  });
}

function home(schema, go) {
  const roots = Object.entries(schema.roots).filter(([, name]) => name);
  const rootNames = new Set(roots.map(([, name]) => name));
  const others = [...schema.types.values()].filter((type) => !type.name.startsWith("__") && !rootNames.has(type.name));
  return [
    el("h2", { tabindex: "-1" }, "Start here"),
    el("ul", { class: "plain" }, ...roots.map(([, name]) => typeEntry(schema.types.get(name), go))),
    ...Object.entries(KINDS).flatMap(([kind, title]) => listing(title, others.filter((type) => type.kind === kind), go)),
  ];
}

function listing(title, types, go) {
  if (!types.length) return [];
  const sorted = types.sort((a, b) => a.name.localeCompare(b.name));
  const list = el("ul", { class: "plain dense" }, ...sorted.map((type) => el("li", {}, typeButton(type, go))));
  return [el("details", { class: "listing", open: title === "Objects" }, el("summary", {}, title, el("small", {}, String(types.length))), list)];
}

function typeEntry(type, go) {
  const count = el("small", {}, `${membersOf(type).length} fields`);
  return el("li", { class: "root-entry" }, el("div", {}, typeButton(type, go), " ", count), type.description ? prose(type.description) : null);
}

function typeButton(type, go) {
  return button(type.name, () => go(type.name), { class: "link type" });
}

function results(schema, words, go) {
  const found = searchSchema(schema, words);
  const rows = found.slice(0, MOST_RESULTS).map(({ type, member }) =>
    el("li", {}, el("button", { type: "button", class: "link hit", onclick: () => go(type.name, member?.name) },
      el("span", { class: "type" }, type.name), member ? `.${member.name}` : "")),
  );
  const more = found.length - rows.length;
  const summary = found.length ? `${found.length} found${more > 0 ? `, the first ${rows.length} shown` : ""}` : "Nothing found";
  return [el("p", { class: "muted", role: "status" }, summary), el("ul", { class: "plain dense" }, ...rows)];
}
