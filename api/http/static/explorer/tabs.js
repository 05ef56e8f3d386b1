/** The sidebar's tabs, worked by mouse or by arrow keys. */
import { byId } from "./dom.js";
import { recall, remember } from "./storage.js";

const KEYS = { ArrowRight: 1, ArrowLeft: -1 };

/** @param {Record<string, () => void>} panels what to do when a panel is shown, by the panel's name */
export function createTabs(panels) {
  const names = Object.keys(panels);

  function show(chosen) {
    for (const name of names) {
      const tab = byId(`tab-${name}`);
      tab.setAttribute("aria-selected", String(name === chosen));
      tab.tabIndex = name === chosen ? 0 : -1;
      byId(`panel-${name}`).hidden = name !== chosen;
    }
    remember("tab", chosen);
    panels[chosen]();
  }

  for (const [i, name] of names.entries()) {
    byId(`tab-${name}`).addEventListener("click", () => show(name));
    byId(`tab-${name}`).addEventListener("keydown", (event) => {
      if (!(event.key in KEYS)) return;
      const next = names[(i + KEYS[event.key] + names.length) % names.length];
      show(next);
      byId(`tab-${next}`).focus();
    });
  }

  const last = recall("tab", names[0]);
  show(names.includes(last) ? last : names[0]);
}
