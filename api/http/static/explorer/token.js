/** The bearer token: kept for this tab alone, and its news told to whoever listens. */
import { forget, recall, remember } from "./storage.js";

const NAME = "token";
/** RFC 6750: what a bearer token may consist of. */
const BEARER = /^[A-Za-z0-9\-._~+/]+=*$/;

export class TokenMalformed extends Error {
  constructor() {
    super("This is not a bearer token: it may hold only letters, digits and - . _ ~ + / =");
  }
}

export function createTokens() {
  let current = recall(NAME, null);
  const listeners = [];

  function tell() {
    for (const listener of listeners) listener();
  }

  return {
    get value() {
      return current?.value ?? null;
    },
    /** Milliseconds since the epoch, null where nobody knows. */
    get expiresAt() {
      return current?.expiresAt ?? null;
    },
    /** @throws {TokenMalformed} */
    set(given, expiresAt = null) {
      const value = given.trim().replace(/^Bearer\s+/i, "");
      if (!BEARER.test(value)) throw new TokenMalformed();
      current = { value, expiresAt: expiresAt ?? expiryOf(value) };
      remember(NAME, current);
      tell();
    },
    clear() {
      current = null;
      forget(NAME);
      tell();
    },
    listen: (listener) => listeners.push(listener),
  };
}

/** The `#token=` of the address, which is cleaned at once: it must reach neither the history nor a screenshot. */
export function takeFromAddress() {
  const parameter = location.hash.slice(1).split("&").find((part) => part.startsWith("token="));
  if (parameter === undefined) return null;
  history.replaceState(null, "", location.pathname + location.search);
  const encoded = parameter.slice("token=".length);
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

/** The `exp` of a JWT, read for display only: whether the token is good is the server's to say. */
function expiryOf(token) {
  try {
    const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const { exp } = JSON.parse(atob(payload));
    return typeof exp === "number" ? exp * 1000 : null;
  } catch {
    return null;
  }
}
