import { useMemo, useState } from "react";
import { useAllPages } from "../parts/use_all_pages.js";
import type { Viewer } from "./viewer.js";

/**
 * Loads all numbers of the caller, page after page. While they are loaded again after a change, the former
 * list stays.
 */
export function useAllAccounts(
  viewer: Viewer | undefined,
  loadPage: Parameters<typeof useAllPages>[1],
): Viewer | undefined {
  const isComplete = useAllPages(viewer?.accounts, loadPage);
  const [complete, setComplete] = useState<Viewer["accounts"]>();
  if (viewer && isComplete && complete !== viewer.accounts) setComplete(viewer.accounts);
  return useMemo(
    () => viewer && { ...viewer, accounts: (!isComplete && complete) || viewer.accounts },
    [viewer, isComplete, complete],
  );
}
