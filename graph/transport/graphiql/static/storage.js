/**
 * Reads and changes GraphiQL's state in the browser's local storage, and the API key in it.
 */
import { createHeaders, readToken, replaceToken } from "./key.js";

// GraphiQL's storage keys, with its prefix.
const TABS = "graphiql:tabState";
const QUERY = "graphiql:query";
const VARIABLES = "graphiql:variables";
const HEADERS = "graphiql:headers";
const PERSIST = "graphiql:shouldPersistHeaders";

/** Opens the endpoint's own storage; other GraphiQL pages on this host have different names. */
export function openStorage(endpoint) {
  return GraphiQL.createLocalStorage({ namespace: `wagraph:${endpoint.pathname}` });
}

/** Returns true if headers are stored: the default, which the settings dialog can turn off. */
export function keepsHeaders(storage) {
  return storage.getItem(PERSIST) !== "false";
}

/** Returns the key stored by an earlier visit, or null. */
export function findKey(storage) {
  const tabs = readState(storage)?.tabs ?? [];
  const headers = [storage.getItem(HEADERS), ...tabs.map((tab) => tab.headers)];
  return headers.map((text) => readToken(text ?? "")).find(Boolean) ?? null;
}

/** Writes a new key into every tab stored by an earlier visit. */
export function adoptKey(storage, key) {
  const state = readState(storage);
  if (!state || !keepsHeaders(storage)) return;
  for (const tab of state.tabs) tab.headers = replaceToken(tab.headers, key);
  storage.setItem(TABS, JSON.stringify(state));
}

/**
 * Copies the active tab into the stored editors. GraphiQL stores an editor only after a change and
 * drops the stored headers at each load. It opens an additional tab if the editors differ from the
 * active tab, so without this copy every reload would add a tab.
 */
export function alignEditors(storage, { firstExample, key }) {
  const state = readState(storage);
  const shown = state?.tabs[state.activeTabIndex] ?? firstExample;
  storage.setItem(QUERY, shown.query ?? "");
  storage.setItem(VARIABLES, shown.variables ?? "");
  storage.setItem(HEADERS, shown.headers ?? createHeaders(key));
}

/** Removes the tabs but keeps the key. The next load opens the example tabs. */
export function forgetTabs(storage, key) {
  storage.removeItem(TABS);
  if (keepsHeaders(storage)) storage.setItem(HEADERS, createHeaders(key));
}

function readState(storage) {
  try {
    const state = JSON.parse(storage.getItem(TABS));
    return Array.isArray(state?.tabs) ? state : null;
  } catch (error) {
    // GraphiQL also discards tabs that it can't parse.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
