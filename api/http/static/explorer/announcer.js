/** One short sentence at the foot of the page, also read aloud. */
import { byId } from "./dom.js";

const SHOWN_FOR = 5000;
let pending = 0;

export function announce(sentence) {
  const place = byId("announcer");
  // A sentence said twice is read twice only when the text changes in between.
  place.textContent = "";
  place.textContent = sentence;
  clearTimeout(pending);
  pending = setTimeout(() => (place.textContent = ""), SHOWN_FOR);
}
