import type { ReactNode } from "react";
import { MoreButton } from "./more_button.js";
import type { List } from "./use_list.js";
import styles from "./data_table.module.css";

export interface Column<Item> {
  label: string;
  /** The column that names the row. */
  isMain?: boolean;
  draw(item: Item): ReactNode;
}

interface DataTableProps<Item> {
  label: string;
  columns: readonly Column<Item>[];
  list: List<Item>;
  /** Shown instead of an empty table. */
  empty: ReactNode;
}

/**
 * A list with a button for its next page. Where there is little room, each row becomes a card; the
 * roles are written out because browsers drop those of tables that are displayed as blocks.
 */
export function DataTable<Item extends { id: string }>({ label, columns, list, empty }: DataTableProps<Item>) {
  const { items } = list;
  if (items?.length === 0) return empty;
  return (
    <div className={styles.frame} aria-busy={!items}>
      <table className={styles.table} role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column.label} role="columnheader" scope="col">
                {column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {items?.map((item) => (
            <tr key={item.id} role="row">
              {columns.map((column) => (
                <Cell key={column.label} column={column} item={item} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <MoreButton list={list} />
    </div>
  );
}

function Cell<Item>({ column: { label, isMain = false, draw }, item }: { column: Column<Item>; item: Item }) {
  const content = draw(item);
  if (isMain) {
    return (
      <th role="rowheader" scope="row">
        {content}
      </th>
    );
  }
  return (
    <td role="cell" data-label={label} data-empty={content === null || undefined}>
      {content}
    </td>
  );
}
