/**
 * The API key: from the address bar or the headers tab, into every tab's headers.
 */

const PLACEHOLDER = "<paste your wag_ key>";
const TOKEN = /^[\w.~+/=-]+$/;

/**
 * Reads `#key=...` and takes it out of the address bar, so that it stays in no history or screenshot.
 * A fragment is never sent, so no server or proxy has it in a log.
 */
export function takeKeyFromAddress() {
  const key = readFragment(location.hash);
  if (key !== null) {
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  return key !== null && TOKEN.test(key) ? key : null;
}

/** The fragment's key, or null. Not URLSearchParams: it would turn the "+" of a token into a space. */
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

/** The text of a headers tab for this key, or one that says where to put it. */
export function createHeaders(key) {
  return JSON.stringify({ Authorization: `Bearer ${key ?? PLACEHOLDER}` }, null, 2);
}

/** The bearer token in the text of a headers tab, or null. */
export function readToken(text) {
  const token = /"authorization"\s*:\s*"bearer\s+([^"]*)"/i.exec(text)?.[1];
  return token !== undefined && TOKEN.test(token) ? token : null;
}

/** The text with the key where a key is still asked for; another key, once entered, stays. */
export function fillPlaceholder(text, key) {
  return key ? text.replaceAll(PLACEHOLDER, key) : text;
}

/** The text with this key in place of whatever token it had; other headers stay. */
export function replaceToken(text, key) {
  const pattern = /("authorization"\s*:\s*")[^"]*(")/i;
  return pattern.test(text ?? "")
    ? text.replace(pattern, (_, before, after) => `${before}Bearer ${key}${after}`)
    : createHeaders(key);
}
