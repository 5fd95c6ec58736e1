import { Button } from "../../parts/button.js";
import { useManageText } from "../texts.js";
import styles from "./data_table.module.css";
import type { List } from "./use_list.js";

/** Loads the next page of a list, if there is one. */
export function MoreButton({ list: { hasMore, isLoadingMore, loadMore } }: { list: List<unknown> }) {
  const text = useManageText();
  if (!hasMore) return null;
  return (
    <Button className={styles.more ?? ""} disabled={isLoadingMore} onClick={loadMore}>
      {isLoadingMore ? text.loading : text.loadMore}
    </Button>
  );
}
