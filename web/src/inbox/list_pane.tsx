import { useCounts } from "@wagraph/client/react";
import { useMemo, useState } from "react";
import { useViewer } from "../connection/viewer.js";
import { CountsDocument } from "../generated/graphql.js";
import { AccountNotices } from "./account_notices.js";
import { FilterBar } from "./filter_bar.js";
import { listFilters } from "./filters.js";
import { InboxList } from "./inbox_list.js";
import { ListHead } from "./list_head.js";
import { SearchResults } from "./search_results.js";
import { usePageTitle } from "./use_page_title.js";
import { useView } from "./view.js";
import styles from "./list_pane.module.css";

const MIN_SEARCH_CHARACTERS = 2;

export function ListPane({ onHelp }: { onHelp(): void }) {
  const { view } = useView();
  const agentId = useViewer().agent?.id;
  const [search, setSearch] = useState("");
  const filters = useMemo(() => listFilters(agentId), [agentId]);
  const variables = { filters: filters.map(([, filter]) => filter), accountId: view.accountId };
  const counts = useCounts(CountsDocument, variables);
  const countOf = (name: string) => counts?.[filters.findIndex(([filter]) => filter === name)];
  usePageTitle(countOf("unread"));
  return (
    <div className={styles.pane}>
      <ListHead search={search} onSearch={setSearch} onHelp={onHelp} />
      <AccountNotices />
      {search.trim().length >= MIN_SEARCH_CHARACTERS ? (
        <SearchResults search={search.trim()} />
      ) : (
        <>
          <FilterBar names={filters.map(([name]) => name)} countOf={countOf} />
          <InboxList />
        </>
      )}
    </div>
  );
}
