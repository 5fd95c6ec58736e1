import { useText } from "../language/language.js";
import type { FilterName } from "./filters.js";
import { formatCount } from "./use_page_title.js";
import { useView } from "./view.js";
import styles from "./filter_bar.module.css";

interface FilterBarProps {
  names: readonly FilterName[];
  countOf(name: FilterName): { value: number; isCapped: boolean } | undefined;
}

export function FilterBar({ names, countOf }: FilterBarProps) {
  const text = useText();
  const { view, change } = useView();
  return (
    <div className={styles.bar} role="group" aria-label={text.filters}>
      {names.map((name) => {
        const count = countOf(name);
        return (
          <button
            key={name}
            type="button"
            className={styles.filter}
            aria-pressed={view.filter === name}
            data-filter={name}
            onClick={() => change({ filter: name })}
          >
            {text.filter[name]}
            {/* The place is kept, so that nothing moves when the numbers come. */}
            <span className={styles.count}>{count ? formatCount(count) : ""}</span>
          </button>
        );
      })}
    </div>
  );
}
