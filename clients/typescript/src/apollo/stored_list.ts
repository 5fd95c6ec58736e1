import type { Reference } from "@apollo/client";

/** A connection as the cache stores it. */
export interface StoredList {
  edges?: StoredEdge[];
  nodes?: Reference[];
  pageInfo?: Record<string, unknown>;
  [field: string]: unknown;
}

export interface StoredEdge {
  __typename?: string;
  cursor?: string;
  node: Reference;
}

export type Item = Reference | StoredEdge;

export const toNode = (item: Item): Reference => ("node" in item ? item.node : item);

/** Applies `change` to the edges and nodes of a list, whichever are stored. */
export function mapItems(
  list: StoredList,
  change: (items: Item[]) => Item[],
): StoredList {
  const changed = { ...list };
  if (list.edges) changed.edges = change(list.edges) as StoredEdge[];
  if (list.nodes) changed.nodes = change(list.nodes) as Reference[];
  return changed;
}
