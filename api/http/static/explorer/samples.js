/** Queries to begin with, delivered by the server. */
import { el } from "./dom.js";

/**
 * @param {HTMLElement} container
 * @param {(sample: { query: string, variables?: object, operationName?: string }) => void} onPick
 */
export function createSamples(container, onPick) {
  let asked = false;

  async function load() {
    container.replaceChildren(el("p", { class: "notice", role: "status" }, "Reading the samples…"));
    try {
      // Beside this module, hence of the same release.
      const response = await fetch(new URL("samples.json", import.meta.url), { credentials: "omit" });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      const samples = await response.json();
      container.replaceChildren(el("ul", { class: "plain cards" }, ...samples.map((sample) => card(sample, onPick))));
    } catch (error) {
      asked = false;
      container.replaceChildren(el("p", { class: "notice", role: "alert" }, `The samples could not be read: ${error.message}`));
    }
  }

  return {
    show() {
      if (asked) return;
      asked = true;
      load();
    },
  };
}

function card(sample, onPick) {
  const title = el("span", { class: "card-title" }, sample.title);
  const detail = el("span", { class: "card-detail" }, sample.description ?? "");
  return el("li", {}, el("button", { type: "button", class: "card", onclick: () => onPick(sample) }, title, detail));
}
