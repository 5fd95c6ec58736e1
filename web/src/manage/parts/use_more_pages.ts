import { useRetry } from "@wagraph/client/react";
import { useCallback, useEffect, useRef, useState } from "react";

export interface Page<Item> {
  nodes: Item[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

interface MorePages<Item> {
  items: Item[] | undefined;
  hasMore: boolean;
  isLoadingMore: boolean;
  loadMore(): void;
}

/**
 * Loads further pages of a list, and loads them again after a reload has replaced all pages by the first one.
 * Meanwhile the former items stay.
 *
 * @param key The list's filter: another one begins with its first page.
 * @param loadPage Loads the page after a cursor into the cache and returns it.
 */
export function useMorePages<Item>(
  key: string,
  page: Page<Item> | undefined,
  loadPage: (after: string) => Promise<Page<Item> | null | undefined>,
): MorePages<Item> {
  const [wanted, setWanted] = useState({ key, pages: 1 });
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [kept, setKept] = useState<{ key: string; items: Item[] }>();
  /** Numbers of the pages after the first one, by their last cursors. */
  const numbers = useRef(new Map<string, number>());
  const nodes = page?.nodes;
  const after = page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  const number = (after && numbers.current.get(after)) || 1;
  const pages = wanted.key === key ? wanted.pages : 1;
  const isMissing = isBusy || (after !== null && number < pages);

  async function loadNext(): Promise<void> {
    if (!after || isBusy) return;
    setBusy(true);
    try {
      const end = (await loadPage(after))?.pageInfo.endCursor;
      if (end) numbers.current.set(end, number + 1);
      setError(undefined);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  }

  const latest = useRef(loadNext);
  useEffect(() => void (latest.current = loadNext));
  // Also if the list was loaded again and ends with the same cursor.
  useEffect(() => {
    if (isMissing && !error) void latest.current();
  }, [isMissing, error, nodes]);
  useRetry(error, useCallback(() => latest.current(), []));
  if (nodes && !isMissing && kept?.items !== nodes) setKept({ key, items: nodes });
  return {
    items: isMissing && kept?.key === key ? kept.items : nodes,
    hasMore: after !== null || isMissing,
    isLoadingMore: isMissing && !error,
    loadMore() {
      if (!after || isBusy) return;
      if (error) void loadNext();
      else setWanted({ key, pages: number + 1 });
    },
  };
}
