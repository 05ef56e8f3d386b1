/** What this tab remembers until it is closed. Where storage is forbidden or full, the tab just remembers less. */

const PREFIX = "azimuth.explorer.";

export function recall(name, otherwise) {
  try {
    const kept = sessionStorage.getItem(PREFIX + name);
    return kept === null ? otherwise : JSON.parse(kept);
  } catch {
    return otherwise;
  }
}

export function remember(name, value) {
  try {
    sessionStorage.setItem(PREFIX + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function forget(name) {
  try {
    sessionStorage.removeItem(PREFIX + name);
  } catch {
    // Nothing was kept.
  }
}
