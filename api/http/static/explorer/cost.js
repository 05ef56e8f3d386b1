/** `extensions.cost` as a bar: what this request took, what is left, how fast it comes back. */
import { el } from "./dom.js";

const LOW = 0.25;

/** @returns {HTMLElement | null} null where the answer tells no cost */
export function costView(cost) {
  if (!isObject(cost)) return null;
  const asked = numberOr(cost.requestedQueryCost, null);
  const actual = numberOr(cost.actualQueryCost, null);
  const paid = actual ?? asked;
  if (paid === null) return null;
  const estimate = asked !== null && actual !== null && asked !== actual ? ` (estimated ${format(asked)})` : "";
  return el("div", { class: "cost" }, el("span", {}, "Cost ", el("strong", {}, format(paid)), estimate), ...throttle(cost.throttleStatus));
}

function throttle(status) {
  if (!isObject(status)) return [];
  const most = numberOr(status.maximumAvailable, 0);
  const left = Math.max(0, Math.min(most, numberOr(status.currentlyAvailable, 0)));
  if (most <= 0) return [];
  const fill = el("span", { class: left / most < LOW ? "fill low" : "fill" });
  fill.style.inlineSize = `${(left / most) * 100}%`;
  const label = `${format(left)} of ${format(most)} left`;
  const rate = numberOr(status.restoreRate, null);
  return [
    el("span", { class: "meter", role: "meter", "aria-label": "Query budget left", "aria-valuemin": 0, "aria-valuemax": most,
      "aria-valuenow": left, "aria-valuetext": label }, fill),
    el("span", {}, label, rate === null ? "" : `, +${format(rate)} a second`),
  ];
}

function isObject(value) {
  return typeof value === "object" && value !== null;
}

function numberOr(value, otherwise) {
  return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
}

function format(number) {
  return number.toLocaleString("en-US", { maximumFractionDigits: 2 });
}
