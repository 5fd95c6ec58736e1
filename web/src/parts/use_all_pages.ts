import { useRetry } from "@wagraph/client/react";
import { useCallback, useEffect, useState } from "react";

interface Page {
  nodes: readonly unknown[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

/**
 * Loads all further pages of a list; a page that fails is asked for again. Returns true if the list is complete.
 *
 * @param loadPage Loads the page after a cursor into the cache, such as Apollo's `fetchMore`.
 */
export function useAllPages(
  page: Page | undefined,
  loadPage: (page: { variables: { after: string } }) => Promise<unknown>,
): boolean {
  const nodes = page?.nodes;
  const after = (page?.pageInfo.hasNextPage && page.pageInfo.endCursor) || null;
  const [error, setError] = useState<unknown>();
  const loadNext = useCallback(async () => {
    if (after) await loadPage({ variables: { after } }).then(() => setError(undefined), setError);
    // Also if the list was loaded again meanwhile, and has the same cursor.
  }, [after, nodes, loadPage]);
  useEffect(() => void loadNext(), [loadNext]);
  useRetry(error, loadNext);
  return page !== undefined && !after;
}
