import { useEffect } from "react";
import { AgentOptionsDocument } from "../../generated/admin.js";
import { useList } from "../parts/use_list.js";

/** All agents to whom something can be given, page after page. */
export function useAgentOptions(): readonly { id: string; name: string }[] {
  const { items, hasMore, loadMore } = useList(AgentOptionsDocument, {}, ({ agents }) => agents);
  const count = items?.length;
  // Not after each render: a page that fails is asked for again later.
  useEffect(() => void (hasMore && loadMore()), [hasMore, count]);
  return items ?? [];
}
