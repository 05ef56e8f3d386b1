/** A field written out so that it can be run at once: required arguments with a value, objects with a selection. */
import { isRequired, namedType } from "./schema.js";

const DEEPEST = 3;
const LEAVES = new Set(["SCALAR", "ENUM"]);
const IDENTIFYING = ["id", "key", "name"];
const DAY = 10;
const now = () => new Date().toISOString();
const VALUES = {
  Int: () => "1",
  Float: () => "1.0",
  Decimal: () => '"1"',
  Boolean: () => "false",
  Date: () => `"${now().slice(0, DAY)}"`,
  DateTime: () => `"${now()}"`,
};

/**
 * @returns {{ text: string, caret: number }} lines indented from 0; `caret` stands behind the first leaf, where the
 *   next field is likely wanted
 */
export function fieldSnippet(schema, field) {
  const text = written(schema, field, "", DEEPEST);
  const lines = text.split("\n");
  const leaf = lines.findIndex((line) => !line.endsWith("{"));
  return { text, caret: lines.slice(0, leaf + 1).join("\n").length };
}

function written(schema, field, indent, depth) {
  const given = field.args.filter(isRequired).map((arg) => `${arg.name}: ${valueOf(schema, arg, DEEPEST)}`);
  const head = field.name + (given.length ? `(${given.join(", ")})` : "");
  const type = schema.types.get(namedType(field.type));
  if (!type || LEAVES.has(type.kind)) return head;
  const inner = `${indent}  `;
  const lines = selectionOf(schema, type, inner, depth).map((line) => inner + line);
  return `${head} {\n${lines.join("\n")}\n${indent}}`;
}

function selectionOf(schema, type, indent, depth) {
  const free = (type.fields ?? []).filter((field) => !field.isDeprecated && !field.args.some(isRequired));
  if (free.some(({ name }) => name === "userErrors")) return payloadOf(schema, free, indent, depth);
  const leaves = free.filter((field) => LEAVES.has(schema.types.get(namedType(field.type))?.kind)).map(({ name }) => name);
  const identifying = leaves.filter((name) => IDENTIFYING.includes(name));
  if (identifying.length) return identifying;
  const nodes = free.find((field) => field.name === "nodes");
  if (nodes && depth > 0) return [written(schema, nodes, indent, depth - 1)];
  if (leaves.length) return leaves.slice(0, 3);
  if (depth === 0 || !free.length) return ["__typename"];
  return free.slice(0, 2).map((field) => written(schema, field, indent, depth - 1));
}

/** Of a mutation's payload: what was changed, and why it was not. */
function payloadOf(schema, fields, indent, depth) {
  const isLeaf = (field) => LEAVES.has(schema.types.get(namedType(field.type))?.kind);
  const objects = fields.filter((field) => !isLeaf(field) && field.name !== "userErrors").slice(0, 2);
  const userErrors = fields.find(({ name }) => name === "userErrors");
  return [...objects, userErrors].map((field) => written(schema, field, indent, depth - 1));
}

function valueOf(schema, input, depth) {
  const reference = input.type.kind === "NON_NULL" ? input.type.ofType : input.type;
  if (reference.kind === "LIST") return "[]";
  const type = schema.types.get(reference.name);
  if (type?.kind === "ENUM") return type.enumValues.find((value) => !value.isDeprecated)?.name ?? "null";
  if (type?.kind === "INPUT_OBJECT") {
    const required = depth > 0 ? type.inputFields.filter(isRequired) : [];
    const fields = required.map((field) => `${field.name}: ${valueOf(schema, field, depth - 1)}`);
    return fields.length ? `{ ${fields.join(", ")} }` : "{}";
  }
  return VALUES[reference.name]?.() ?? '""';
}
