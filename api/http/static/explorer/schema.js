/** What the server says about its own schema. */
import { ask } from "./transport.js";

const TYPE_REFERENCE = "kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";
const INPUT = `name description type { ${TYPE_REFERENCE} } defaultValue isDeprecated deprecationReason`;

export const INTROSPECTION = `query ExplorerSchema {
  __schema {
    queryType { name }
    mutationType { name }
    subscriptionType { name }
    types {
      kind name description
      fields(includeDeprecated: true) {
        name description isDeprecated deprecationReason
        type { ${TYPE_REFERENCE} }
        args(includeDeprecated: true) { ${INPUT} }
      }
      inputFields(includeDeprecated: true) { ${INPUT} }
      interfaces { name }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      possibleTypes { name }
    }
  }
}`;

/** The server would not describe itself; `needsToken` where another token may change its mind. */
export class SchemaRefused extends Error {
  constructor(message, needsToken) {
    super(message);
    this.needsToken = needsToken;
  }
}

/**
 * @typedef {{ roots: Record<string, string | undefined>, types: Map<string, object> }} Schema
 *   `roots` are type names by operation; types are as introspection describes them
 * @returns {Promise<Schema>}
 * @throws {SchemaRefused}
 */
export async function loadSchema(path, token) {
  const answer = await ask(path, { query: INTROSPECTION, operationName: "ExplorerSchema" }, { token });
  const { data, errors } = parsed(answer.text);
  if (answer.status === 401) {
    throw new SchemaRefused(`The server asks for ${token ? "another" : "a"} token before it shows its schema (HTTP 401).`, true);
  }
  if (answer.status === 403) throw new SchemaRefused("This token may not read the schema (HTTP 403).", true);
  if (data?.__schema) return modelOf(data.__schema);
  const reason = errors?.[0]?.message ?? `HTTP ${answer.status}`;
  throw new SchemaRefused(`The server did not show its schema: ${reason}`, false);
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** @returns {Schema} */
export function modelOf({ types, queryType, mutationType, subscriptionType }) {
  const roots = { query: queryType?.name, mutation: mutationType?.name, subscription: subscriptionType?.name };
  return { roots, types: new Map(types.map((type) => [type.name, type])) };
}

/** `[Kpi!]!` for a reference. */
export function typeText({ kind, name, ofType }) {
  if (kind === "NON_NULL") return `${typeText(ofType)}!`;
  if (kind === "LIST") return `[${typeText(ofType)}]`;
  return name;
}

/** The name inside all lists and exclamation marks. */
export function namedType(reference) {
  return reference.ofType ? namedType(reference.ofType) : reference.name;
}

export function isRequired(input) {
  return input.type.kind === "NON_NULL" && input.defaultValue === null;
}

/** The operation a type is the root of, null for all others. */
export function operationOf(schema, typeName) {
  return Object.keys(schema.roots).find((operation) => schema.roots[operation] === typeName) ?? null;
}

/** @returns {{ type: object, member: object | null }[]} names that begin with the words first, then those that hold them */
export function searchSchema(schema, words) {
  const wanted = words.trim().toLowerCase();
  const [typePart, memberPart] = wanted.includes(".") ? wanted.split(".", 2) : [null, wanted];
  const found = [];
  for (const type of schema.types.values()) {
    if (type.name.startsWith("__")) continue;
    if (typePart === null) found.push({ type, member: null, name: type.name.toLowerCase() });
    else if (type.name.toLowerCase() !== typePart) continue;
    for (const member of membersOf(type)) found.push({ type, member, name: member.name.toLowerCase() });
  }
  const rank = ({ name }) => (name === memberPart ? 0 : name.startsWith(memberPart) ? 1 : 2);
  return found.filter(({ name }) => name.includes(memberPart)).sort((a, b) => rank(a) - rank(b));
}

export function membersOf(type) {
  return type.fields ?? type.inputFields ?? type.enumValues ?? [];
}
