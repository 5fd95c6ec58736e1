/**
 * Reads the API key from the address bar or a headers tab, and writes it into headers tabs.
 */

const PLACEHOLDER = "<paste your wag_ key>";
const TOKEN = /^[\w.~+/=-]+$/;

/**
 * Reads `#key=...` and removes it from the address bar, to keep it out of the history and screenshots.
 * Browsers never send a fragment, so no server or proxy logs it.
 */
export function takeKeyFromAddress() {
  const key = readFragment(location.hash);
  if (key !== null) {
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  return key !== null && TOKEN.test(key) ? key : null;
}

/** Returns the fragment's key, or null. URLSearchParams would turn the "+" of a token into a space. */
export function readFragment(hash) {
  const value = /^#(?:.*&)?key=([^&]*)/.exec(hash)?.[1];
  if (value === undefined) return null;
  try {
    return decodeURIComponent(value);
  } catch (error) {
    if (error instanceof URIError) return value;
    throw error;
  }
}

/** Returns the text of a headers tab with this key, or with a placeholder if there is no key. */
export function createHeaders(key) {
  return JSON.stringify({ Authorization: `Bearer ${key ?? PLACEHOLDER}` }, null, 2);
}

/** Returns the bearer token in the text of a headers tab, or null. */
export function readToken(text) {
  const token = /"authorization"\s*:\s*"bearer\s+([^"]*)"/i.exec(text)?.[1];
  return token !== undefined && TOKEN.test(token) ? token : null;
}

/** Replaces the placeholder with the key. An entered key is not changed. */
export function fillPlaceholder(text, key) {
  return key ? text.replaceAll(PLACEHOLDER, key) : text;
}

/** Replaces the Authorization header. A text without this header is replaced entirely. */
export function replaceToken(text, key) {
  const pattern = /("authorization"\s*:\s*")[^"]*(")/i;
  return pattern.test(text ?? "")
    ? text.replace(pattern, (_, before, after) => `${before}Bearer ${key}${after}`)
    : createHeaders(key);
}
