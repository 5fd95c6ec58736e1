import type { ReactNode } from "react";
import { Avatar } from "../../parts/avatar.js";
import styles from "./choice_list.module.css";

interface ChoiceSearchProps {
  label: string;
  value: string;
  onChange(value: string): void;
}

export const ChoiceSearch = ({ label, value, onChange }: ChoiceSearchProps) => (
  <input
    className={styles.search}
    type="search"
    value={value}
    placeholder={label}
    aria-label={label}
    data-autofocus
    dir="auto"
    onChange={(event) => onChange(event.target.value)}
  />
);

interface Choice {
  id: string;
  name: string;
  detail: ReactNode;
}

interface ChoiceListProps<Item extends Choice> {
  items: readonly Item[];
  onChoose(item: Item): void;
}

/** People or contacts of which one is chosen. */
export const ChoiceList = <Item extends Choice>({ items, onChoose }: ChoiceListProps<Item>) => (
  <ul className={styles.list}>
    {items.map((item) => (
      <li key={item.id}>
        <button type="button" onClick={() => onChoose(item)}>
          <ChoiceLine {...item} />
        </button>
      </li>
    ))}
  </ul>
);

export const ChoiceLine = ({ id, name, detail }: Choice) => (
  <>
    <Avatar name={name} id={id} size="2.25rem" />
    <span className={styles.names}>
      <bdi className={styles.name}>{name}</bdi>
      <span className={styles.detail}>{detail}</span>
    </span>
  </>
);
