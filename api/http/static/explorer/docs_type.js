/** One type of the schema, with everything one may ask of it. */
import { button, el, prose } from "./dom.js";
import { namedType, typeText } from "./schema.js";

const KINDS = {
  OBJECT: "object",
  INTERFACE: "interface",
  UNION: "union",
  INPUT_OBJECT: "input",
  ENUM: "enum",
  SCALAR: "scalar",
};

/**
 * @param {{ go: (typeName: string) => void,
 *   onInsert: (schema: object, typeName: string, field: object) => void }} actions
 */
export function typeView(schema, type, { go, onInsert }) {
  const insert = (field) => onInsert(schema, type.name, field);
  return [
    el("h2", { tabindex: "-1" }, type.name, " ", el("small", { class: "kind" }, KINDS[type.kind])),
    described(type),
    ...names("Implements", type.interfaces, go),
    ...members("Fields", type.fields, (field) => fieldEntry(field, { go, insert })),
    ...members("Input fields", type.inputFields, (input) => inputEntry(input, go)),
    ...members("Values", type.enumValues, valueEntry),
    ...names(type.kind === "UNION" ? "One of" : "Implemented by", type.possibleTypes, go),
  ].filter(Boolean);
}

function members(title, list, entry) {
  if (!list?.length) return [];
  const current = list.filter((one) => !one.isDeprecated);
  const deprecated = list.filter((one) => one.isDeprecated);
  return [el("h3", {}, title), el("ul", { class: "plain members" }, ...[...current, ...deprecated].map(entry))];
}

function names(title, list, go) {
  if (!list?.length) return [];
  return [el("h3", {}, title), el("ul", { class: "plain dense" }, ...list.map(({ name }) => el("li", {}, typeLink({ name }, go))))];
}

function fieldEntry(field, { go, insert }) {
  const name = button(field.name, () => insert(field), { class: "link field", title: `Insert ${field.name} at the cursor` });
  const args = field.args.map((arg) => argumentEntry(arg, go));
  return el(
    "li",
    { "data-member": field.name, class: field.isDeprecated ? "deprecated" : null },
    el("div", { class: "signature" }, name, ": ", typeLink(field.type, go)),
    described(field),
    args.length ? el("ul", { class: "arguments", "aria-label": `Arguments of ${field.name}` }, ...args) : null,
  );
}

function argumentEntry(arg, go) {
  return el("li", {}, el("div", { class: "signature" }, ...inputSignature(arg, go)), described(arg));
}

function inputEntry(input, go) {
  const signature = el("div", { class: "signature" }, ...inputSignature(input, go));
  return el("li", { "data-member": input.name, class: input.isDeprecated ? "deprecated" : null }, signature, described(input));
}

function inputSignature(input, go) {
  const name = el("span", { class: "argument" }, input.name);
  const otherwise = input.defaultValue === null ? null : el("span", { class: "default" }, ` = ${input.defaultValue}`);
  return [name, ": ", typeLink(input.type, go), otherwise].filter(Boolean);
}

function valueEntry(value) {
  const name = el("div", { class: "signature" }, el("span", { class: "enum-value" }, value.name));
  return el("li", { "data-member": value.name, class: value.isDeprecated ? "deprecated" : null }, name, described(value));
}

function typeLink(reference, go) {
  const label = reference.kind ? typeText(reference) : reference.name;
  return button(label, () => go(namedType(reference)), { class: "link type" });
}

function described({ description, isDeprecated, deprecationReason }) {
  if (!description && !isDeprecated) return null;
  const warning = isDeprecated ? el("p", { class: "deprecation" }, el("strong", {}, "Deprecated"), deprecationReason ? `: ${deprecationReason}` : "") : null;
  return el("div", { class: "described" }, warning, description ? prose(description) : null);
}
