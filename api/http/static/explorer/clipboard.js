/** Copies text; the clipboard's own interface exists only on https and loopback addresses. */
import { announce } from "./announcer.js";

export async function copy(text, done) {
  announce((await toClipboard(text)) ? done : "The browser did not allow copying.");
}

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

function copySelected(text) {
  const focused = document.activeElement;
  const holder = document.createElement("textarea");
  holder.value = text;
  holder.className = "off-screen";
  // In a modal dialog everything outside is inert and cannot be selected.
  (document.querySelector("dialog[open]") ?? document.body).append(holder);
  holder.select();
  const copied = document.execCommand("copy");
  holder.remove();
  focused?.focus?.();
  return copied;
}
