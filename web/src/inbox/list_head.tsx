import { ArrowUpDown, Search, X } from "lucide-react";
import { useRef } from "react";
import { useViewer } from "../connection/viewer.js";
import type { ConversationOrder } from "../generated/graphql.js";
import { useText } from "../language/language.js";
import { IconButton } from "../parts/button.js";
import { Menu, MenuChoice, MenuLine } from "../parts/menu.js";
import { OwnMenu } from "./own_menu.js";
import { useShortcuts } from "./use_shortcuts.js";
import { useView } from "./view.js";
import styles from "./list_head.module.css";

interface ListHeadProps {
  search: string;
  onSearch(search: string): void;
  onHelp(): void;
}

export function ListHead({ search, onSearch, onHelp }: ListHeadProps) {
  const text = useText();
  const field = useRef<HTMLInputElement>(null);
  useShortcuts({ "/": () => field.current?.focus() });
  return (
    <header className={styles.head}>
      <div className={styles.title}>
        <h1>{text.conversations}</h1>
        <ListMenu />
        <OwnMenu onHelp={onHelp} />
      </div>
      <div className={styles.search} role="search">
        <Search size={16} aria-hidden />
        <input
          ref={field}
          type="search"
          value={search}
          placeholder={text.search}
          aria-label={text.search}
          aria-keyshortcuts="/"
          onChange={(event) => onSearch(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            onSearch("");
            event.currentTarget.blur();
          }}
        />
        {search && <IconButton icon={X} label={text.clearSearch} onClick={() => onSearch("")} />}
      </div>
    </header>
  );
}

const ALL = "all";

/** Order, and the number if there are several. */
function ListMenu() {
  const text = useText();
  const { view, change } = useView();
  const accounts = useViewer().accounts.nodes;
  const orders = Object.entries(text.orders).map(([value, label]) => ({ value, label }));
  const numbers = [
    { value: ALL, label: text.allAccounts },
    ...accounts.map(({ id, name }) => ({ value: id, label: <bdi>{name}</bdi> })),
  ];
  return (
    <Menu trigger={<IconButton icon={ArrowUpDown} label={text.order} />}>
      <MenuChoice
        label={text.order}
        value={view.order}
        options={orders}
        onChange={(order) => change({ order: order as ConversationOrder })}
      />
      {accounts.length > 1 && (
        <>
          <MenuLine />
          <MenuChoice
            label={text.account}
            value={view.accountId ?? ALL}
            options={numbers}
            onChange={(id) => change({ accountId: id === ALL ? null : id })}
          />
        </>
      )}
    </Menu>
  );
}
