/** The dialog in which a token is pasted or fetched, and the chip in the header that tells how long it lasts. */
import { announce } from "./announcer.js";
import { copy } from "./clipboard.js";
import { byId } from "./dom.js";
import { fetchToken } from "./transport.js";

const REFRESH_MS = 10_000;

export function createAccess(tokens, tokenPath) {
  const dialog = byId("access");
  const input = byId("token-input");
  const message = byId("access-message");

  function open(reason = "") {
    input.value = tokens.value ?? "";
    message.textContent = reason;
    if (!dialog.open) dialog.showModal();
    input.focus();
  }

  function use(token, expiresAt) {
    try {
      tokens.set(token, expiresAt);
    } catch (error) {
      message.textContent = error.message;
      return;
    }
    byId("client-secret").value = "";
    dialog.close();
    announce("Token set.");
  }

  async function fetchAndUse(event) {
    event.preventDefault();
    message.textContent = "";
    const sender = byId("client-form").querySelector("[type=submit]");
    sender.disabled = true;
    try {
      const { token, expiresAt } = await fetchToken(tokenPath, credentials());
      use(token, expiresAt);
    } catch (error) {
      message.textContent = error.message;
    } finally {
      sender.disabled = false;
    }
  }

  function submitPasted(event) {
    event.preventDefault();
    if (input.value.trim()) use(input.value);
    else message.textContent = "Paste a token first.";
  }

  function clear() {
    tokens.clear();
    input.value = "";
    announce("Token forgotten.");
  }

  byId("access-open").addEventListener("click", () => open());
  byId("access-close").addEventListener("click", () => dialog.close());
  byId("token-form").addEventListener("submit", submitPasted);
  byId("client-form").addEventListener("submit", fetchAndUse);
  byId("token-show").addEventListener("click", toggleShown);
  byId("token-copy").addEventListener("click", () => copy(input.value, "Token copied."));
  byId("token-clear").addEventListener("click", clear);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  tokens.listen(() => showChip(tokens));
  setInterval(() => showChip(tokens), REFRESH_MS);
  showChip(tokens);
  return { open };
}

function credentials() {
  const fields = { client_id: byId("client-id").value.trim(), client_secret: byId("client-secret").value.trim() };
  const scope = byId("client-scope").value.trim();
  return scope ? { ...fields, scope } : fields;
}

function toggleShown() {
  const input = byId("token-input");
  const shown = input.type === "password";
  input.type = shown ? "text" : "password";
  byId("token-show").setAttribute("aria-pressed", String(shown));
  byId("token-show").textContent = shown ? "Hide" : "Show";
}

function showChip(tokens) {
  const chip = byId("access-open");
  const [state, label] = stateOf(tokens);
  chip.dataset.state = state;
  chip.textContent = label;
}

function stateOf({ value, expiresAt }) {
  if (!value) return ["none", "Set a token"];
  if (expiresAt === null) return ["good", "Token set"];
  const seconds = Math.round((expiresAt - Date.now()) / 1000);
  if (seconds <= 0) return ["expired", "Token expired"];
  return [seconds < 60 ? "soon" : "good", `Token set, ${left(seconds)} left`];
}

function left(seconds) {
  if (seconds < 60) return "under a minute";
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}
