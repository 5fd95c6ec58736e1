/**
 * What GraphiQL keeps in this browser between visits, and the API key in it.
 */
import { createHeaders, readToken, replaceToken } from "./key.js";

// GraphiQL's own names, with the prefix that it puts before them.
const TABS = "graphiql:tabState";
const QUERY = "graphiql:query";
const VARIABLES = "graphiql:variables";
const HEADERS = "graphiql:headers";
const PERSIST = "graphiql:shouldPersistHeaders";

/** Opens the storage of one endpoint: GraphiQL pages of other applications on this host have theirs. */
export function openStorage(endpoint) {
  return GraphiQL.createLocalStorage({ namespace: `wagraph:${endpoint.pathname}` });
}

/** Whether headers outlive the visit: yes, until somebody says no in the settings dialog. */
export function keepsHeaders(storage) {
  return storage.getItem(PERSIST) !== "false";
}

/** The key that an earlier visit left, or null. */
export function findKey(storage) {
  const tabs = readState(storage)?.tabs ?? [];
  const headers = [storage.getItem(HEADERS), ...tabs.map((tab) => tab.headers)];
  return headers.map((text) => readToken(text ?? "")).find(Boolean) ?? null;
}

/** Puts a new key into every tab that an earlier visit left. */
export function adoptKey(storage, key) {
  const state = readState(storage);
  if (!state || !keepsHeaders(storage)) return;
  for (const tab of state.tabs) tab.headers = replaceToken(tab.headers, key);
  storage.setItem(TABS, JSON.stringify(state));
}

/**
 * Makes the stored editors equal to the tab that will be shown. GraphiQL forgets the stored headers
 * at each load and stores an editor only once it was changed; where tab and editors disagree it
 * opens one more tab, so without this every reload would bring one.
 */
export function alignEditors(storage, { firstExample, key }) {
  const state = readState(storage);
  const shown = state?.tabs[state.activeTabIndex] ?? firstExample;
  storage.setItem(QUERY, shown.query ?? "");
  storage.setItem(VARIABLES, shown.variables ?? "");
  storage.setItem(HEADERS, shown.headers ?? createHeaders(key));
}

/** Forgets the tabs, not the key: the next load opens the example tabs. */
export function forgetTabs(storage, key) {
  storage.removeItem(TABS);
  if (keepsHeaders(storage)) storage.setItem(HEADERS, createHeaders(key));
}

function readState(storage) {
  try {
    const state = JSON.parse(storage.getItem(TABS));
    return Array.isArray(state?.tabs) ? state : null;
  } catch (error) {
    // GraphiQL starts anew from tabs that it can't read, and so do we.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
