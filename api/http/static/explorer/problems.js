/** What went wrong, gathered from the three places where an answer may say so, each as a short card. */
import { button, el } from "./dom.js";

/**
 * @typedef {{ title: string, code: string | null, path: string, locations: { line: number, column: number }[] }} Problem
 * @returns {Problem[]}
 */
export function problemsOf({ errors, data }) {
  return [...list(errors).map(graphqlProblem), ...userProblems(data)];
}

/** @param {(line: number, column: number) => void} goTo */
export function problemCard(problem, goTo) {
  const places = problem.locations.map(({ line, column }) =>
    button(`line ${line}, column ${column}`, () => goTo(line, column), { class: "link" }),
  );
  return el(
    "li",
    { class: "problem" },
    el("p", {}, problem.code ? el("code", { class: "code" }, problem.code) : null, " ", problem.title),
    problem.path || places.length
      ? el("p", { class: "where" }, problem.path ? el("code", {}, problem.path) : null, ...places.flatMap((place) => [" ", place]))
      : null,
  );
}

function graphqlProblem(error) {
  return {
    title: String(error?.message ?? "An error without a message"),
    code: codeOf(error?.extensions?.code),
    path: list(error?.path).join("."),
    locations: list(error?.locations).filter(({ line, column }) => Number.isInteger(line) && Number.isInteger(column)),
  };
}

/** A mutation that was refused by the rules answers with `userErrors` and no error at all. */
function userProblems(data) {
  if (typeof data !== "object" || data === null) return [];
  return Object.entries(data).flatMap(([name, payload]) =>
    list(payload?.userErrors).map((error) => ({
      title: String(error?.message ?? "A user error without a message"),
      code: codeOf(error?.code),
      path: [name, ...[error?.field ?? []].flat()].join("."),
      locations: [],
    })),
  );
}

function codeOf(code) {
  return typeof code === "string" ? code : null;
}

function list(value) {
  return Array.isArray(value) ? value : [];
}
