import { useVirtualizer } from "@tanstack/react-virtual";
import { useInbox } from "@wagraph/client/react";
import { ArrowUp, Inbox } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useCanConnect, useViewer } from "../connection/viewer.js";
import { InboxDocument } from "../generated/graphql.js";
import { useText } from "../language/language.js";
import { ButtonLink } from "../parts/button_link.js";
import { EmptyState } from "../parts/empty_state.js";
import { openConversation, toManageUrl, useRoute } from "../route.js";
import { ConversationRow } from "./conversation_row.js";
import { useKeptPlace } from "./use_kept_place.js";
import { useShortcuts } from "./use_shortcuts.js";
import { toVariables, useView, type View } from "./view.js";
import styles from "./inbox_list.module.css";

const ROW_PIXELS = 76;
/** Number of remaining rows at which the next page is loaded. */
const ROWS_AHEAD = 15;

/** The list of conversations; only the visible rows are in the page. */
export function InboxList() {
  const { view } = useView();
  return <FilteredList key={JSON.stringify(view)} view={view} />;
}

function FilteredList({ view }: { view: View }) {
  const text = useText();
  const { conversationId } = useRoute();
  const agentId = useViewer().agent?.id;
  const { rows, isLoading, hasMore, loadMore, hasPrevious, loadPrevious, loadFirst } = useInbox(
    InboxDocument,
    toVariables(view, agentId),
  );
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PIXELS,
    getItemKey: (index) => rows[index]!.id,
    overscan: 6,
  });
  const keepPlace = useKeptPlace(scroller, rows, ROW_PIXELS);
  const items = virtualizer.getVirtualItems();
  const [firstShown, lastShown] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    // Its place now: the drawn rows follow after a page was forgotten.
    const above = box.scrollTop / ROW_PIXELS;
    const below = rows.length - (box.scrollTop + box.clientHeight) / ROW_PIXELS;
    // If it is refused, the next scroll tries again.
    if (hasMore && below <= ROWS_AHEAD) loadMore().catch(() => {});
    else if (hasPrevious && above <= ROWS_AHEAD) loadPrevious().catch(() => {});
  }, [firstShown, lastShown, rows, hasMore, loadMore, hasPrevious, loadPrevious]);
  const goToTop = async () => {
    if (hasPrevious) await loadFirst().catch(() => {});
    scroller.current?.scrollTo({ top: 0 });
  };

  const [focusId, setFocusId] = useState<string | null>(null);
  const currentId = focusId ?? conversationId;
  const current = rows.findIndex(({ id }) => id === currentId);
  const move = (step: number) => {
    const index = Math.min(Math.max(current + step, 0), rows.length - 1);
    const row = rows[index];
    if (!row) return;
    virtualizer.scrollToIndex(index);
    setFocusId(row.id);
    // The row may have to be drawn first.
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"] a`)?.focus());
  };
  useShortcuts({ j: () => move(1), k: () => move(-1), Enter: () => currentId && openConversation(currentId) });

  if (!isLoading && rows.length === 0) return <NothingHere isFirst={view.filter === "open"} />;
  return (
    <div className={styles.frame}>
      <div ref={scroller} className={styles.scroller} aria-busy={isLoading} onScroll={keepPlace}>
        <ul
          className={styles.list}
          aria-label={text.conversations}
          style={{ blockSize: virtualizer.getTotalSize() }}
        >
          {items.map(({ index, start, key }) => (
            <li
              key={key}
              data-index={index}
              className={styles.row}
              style={{ blockSize: ROW_PIXELS, transform: `translateY(${start}px)` }}
            >
              <ConversationRow
                row={rows[index]!}
                isSelected={rows[index]!.id === conversationId}
                isTabStop={index === Math.max(current, 0)}
                onFocus={setFocusId}
              />
            </li>
          ))}
        </ul>
      </div>
      {hasPrevious && (
        <button type="button" className={styles.toTop} onClick={() => void goToTop()}>
          <ArrowUp size={18} aria-hidden />
          {text.toTop}
        </button>
      )}
    </div>
  );
}

function NothingHere({ isFirst }: { isFirst: boolean }) {
  const text = useText();
  const hasAccounts = useViewer().accounts.nodes.length > 0;
  if (!hasAccounts) return <NoAccounts />;
  const [title, help] = isFirst
    ? [text.noConversations, text.noConversationsHelp]
    : [text.nothingHere, text.nothingHereHelp];
  return (
    <EmptyState icon={Inbox} title={title}>
      <p>{help}</p>
    </EmptyState>
  );
}

function NoAccounts() {
  const text = useText();
  const canConnect = useCanConnect();
  return (
    <EmptyState icon={Inbox} title={text.noAccounts}>
      <p>{canConnect ? text.connectHelp : text.noAccountsHelp}</p>
      {canConnect && (
        <ButtonLink href={toManageUrl("numbers", "new")} isPrimary>
          {text.connectNumber}
        </ButtonLink>
      )}
    </EmptyState>
  );
}
