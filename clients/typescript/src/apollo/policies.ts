import type { FieldFunctionOptions, FieldPolicy, Reference, TypePolicies } from "@apollo/client";
import { listFields } from "../generated/schema.js";
import { compare, findOrder, isPending, readSortKey, type SortKey } from "./order.js";
import { mapItems, toNode, type Item, type StoredList } from "./stored_list.js";
import { cutList } from "./window.js";

const PAGE_ARGUMENTS = new Set(["first", "after", "last", "before", "around"]);

/**
 * Policies of all lists of the schema: one list for each combination of filter, order and search.
 *
 * @param maxItems After a page was added, the items at the other end of a longer list are forgotten, if its
 *   query has the argument `before`, and so can load them again.
 */
export function createTypePolicies(maxItems = Infinity): TypePolicies {
  const policies: TypePolicies = {};
  for (const [type, fields] of Object.entries(listFields)) {
    const lists = Object.entries(fields).map(([field, item]) => [field, createListPolicy(item, maxItems)]);
    policies[type] = { fields: Object.fromEntries(lists) };
  }
  policies["Message"] = { fields: { ...policies["Message"]?.fields, status: { merge: keepLaterStatus } } };
  return policies;
}

function createListPolicy(type: string, maxItems: number): FieldPolicy<StoredList> {
  return {
    keyArgs: (args) =>
      Object.keys(args ?? {})
        .filter((name) => !PAGE_ARGUMENTS.has(name) && args?.[name] != null)
        .sort(),
    read: (existing, options) => existing && readList(type, existing, options),
    merge: (existing, incoming, options) => limitList(mergePage(existing, incoming, options), type, maxItems, options),
  };
}

/** Drops the items farthest from the added page: the user scrolls away from them. */
function limitList(
  list: StoredList,
  type: string,
  maxItems: number,
  { args, field, readField }: FieldFunctionOptions,
): StoredList {
  if (!field?.arguments?.some(({ name }) => name.value === "before")) return list;
  return cutList(list, findOrder(type, args?.["orderBy"]), maxItems, args?.["after"] != null ? "end" : "start", readField);
}

/**
 * Sorts a list, and hides items that were removed from the cache, and messages on their way if the newest
 * are not loaded.
 */
function readList(type: string, list: StoredList, { args, canRead, readField }: FieldFunctionOptions): StoredList {
  const isShown = (node: Reference) =>
    canRead(node) && !(list.pageInfo?.["hasPreviousPage"] && isPending(readField("id", node)));
  const readable = mapItems(list, (items) => items.filter((item) => isShown(toNode(item))));
  const order = findOrder(type, args?.["orderBy"]);
  if (!order) return readable;
  return mapItems(readable, (items) => {
    const keyed = items.map((item) => ({ item, key: readSortKey(order, toNode(item), readField) }));
    if (!keyed.every((entry): entry is { item: Item; key: SortKey } => entry.key !== undefined)) return items;
    return keyed.sort((one, other) => compare(order, one.key, other.key)).map(({ item }) => item);
  });
}

/** Adds a page to a list. A page without a cursor replaces the list; a request of counts alone changes no items. */
function mergePage(
  existing: StoredList | undefined,
  incoming: StoredList,
  { args, readField }: FieldFunctionOptions,
): StoredList {
  if (!existing) return incoming;
  const merged: StoredList = { ...existing, ...incoming };
  const isNext = args?.["after"] != null;
  const isPrevious = args?.["before"] != null;
  // The list was loaded again while this page was on its way: it is no longer the next one.
  if (isNext && existing.pageInfo && existing.pageInfo["endCursor"] !== args?.["after"]) return existing;
  if (isPrevious && existing.pageInfo && existing.pageInfo["startCursor"] !== args?.["before"]) return existing;
  for (const name of ["edges", "nodes"] as const) {
    const [old, page] = [existing[name], incoming[name]] as [Item[] | undefined, Item[] | undefined];
    if (!old || !page) continue;
    const kept = isNext || isPrevious ? old : old.filter((item) => isPending(String(readField("id", toNode(item)))));
    const known = new Set(kept.map((item) => toNode(item).__ref));
    const added = page.filter((item) => !known.has(toNode(item).__ref));
    (merged as Record<string, unknown>)[name] = isPrevious ? [...added, ...kept] : [...kept, ...added];
  }
  const { pageInfo } = incoming;
  if (existing.pageInfo && pageInfo) merged.pageInfo = mergePageInfo(existing.pageInfo, pageInfo, isNext, isPrevious);
  return merged;
}

function mergePageInfo(
  old: Record<string, unknown>,
  page: Record<string, unknown>,
  isNext: boolean,
  isPrevious: boolean,
): Record<string, unknown> {
  const { hasNextPage, endCursor, hasPreviousPage, startCursor } = page;
  if (isNext) return { ...old, hasNextPage, endCursor: endCursor ?? old["endCursor"] };
  if (isPrevious) return { ...old, hasPreviousPage, startCursor: startCursor ?? old["startCursor"] };
  return page;
}

const RANKS = [
  "QUEUED", "SENDING", "UNKNOWN", "ACCEPTED", "HELD", "SENT", "FAILED", "DELIVERED", "READ", "PLAYED",
];

/** A message's status never goes back, in whatever order responses arrive. */
function keepLaterStatus(existing: string | undefined, incoming: string): string {
  return existing && RANKS.indexOf(incoming) !== -1 && RANKS.indexOf(incoming) < RANKS.indexOf(existing)
    ? existing
    : incoming;
}
