import type { ObservableQuery, OperationVariables } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import { useCallback, useEffect, useRef } from "react";
import { CHANGES_OF_PAGE, countChanges } from "../apollo/garbage.js";
import { repeatOnline } from "../apollo/reconnect.js";
import type { Connection } from "./connections.js";

/** More than a first page may have: each page costs a request, and a drawing of the whole list. */
const PAGE = 80;

/** The list of a query's result. */
type Find<Data, List> = (data: Data) => List | null | undefined;

/**
 * Functions that load the pages beside those of a list, each once for calls at the same time. A request that
 * fails is repeated while the component is mounted.
 */
export function usePages<Data, List extends Connection>(
  observable: Pick<ObservableQuery<Data, OperationVariables>, "query" | "variables" | "fetchMore">,
  find: Find<Data, List>,
) {
  const apollo = useApolloClient();
  const { cache } = apollo;
  // By cursor, because the next page may be asked for before this one's promise is settled.
  const loading = useRef(new Set<string>());
  const ended = useRef(new AbortController());
  useEffect(() => {
    ended.current = new AbortController();
    return () => ended.current.abort();
  }, [observable]);
  const readList = useCallback(() => {
    // From the cache: the shown list is a moment older, and a page that is loaded again can hide the one before.
    const data = cache.readQuery<Data>({ query: observable.query, variables: observable.variables });
    return data && find(data);
  }, [cache, observable, find]);
  const load = useCallback(
    async (variables: OperationVariables) => {
      const key = JSON.stringify(variables);
      if (loading.current.has(key)) return;
      loading.current.add(key);
      try {
        await repeatOnline(apollo, () => observable.fetchMore({ variables }), ended.current.signal);
        countChanges(cache, CHANGES_OF_PAGE);
      } finally {
        loading.current.delete(key);
      }
    },
    [apollo, cache, observable],
  );
  const loadNext = useCallback(async () => {
    const pageInfo = readList()?.pageInfo;
    if (pageInfo?.hasNextPage) await load({ first: PAGE, after: pageInfo.endCursor });
  }, [load, readList]);
  const loadPrevious = useCallback(async () => {
    const pageInfo = readList()?.pageInfo;
    // `first` may have a default in the query, and only one of both is allowed.
    if (pageInfo?.hasPreviousPage) await load({ first: null, last: PAGE, before: pageInfo.startCursor });
  }, [load, readList]);
  return { readList, loadNext, loadPrevious };
}
