import { ArrowDown } from "lucide-react";
import type { ConversationView } from "@wagraph/client/react";
import {
  memo,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type Ref,
  type RefObject,
} from "react";
import type { ConversationQuery } from "../../generated/graphql.js";
import { useLanguage, useText } from "../../language/language.js";
import { formatDay } from "../../language/times.js";
import { useToday } from "../../language/use_today.js";
import { AlbumRow } from "./album_row.js";
import { ChangeRow } from "./change_row.js";
import { MessageRow } from "./message_row.js";
import { NoteRow } from "./note_row.js";
import { buildRows, type TimelineItem, type TimelineRow } from "./timeline_rows.js";
import { useStickyScroll } from "./use_sticky_scroll.js";
import styles from "./timeline.module.css";

export interface TimelineHandle {
  scrollToEnd(): void;
}

/** An item to bring into view; another object does so again. */
export interface Target {
  id: string;
}

interface TimelineProps {
  ref: Ref<TimelineHandle>;
  history: Pick<
    ConversationView<ConversationQuery>,
    "items" | "hasOlder" | "loadOlder" | "hasNewer" | "loadNewer" | "loadNewest"
  >;
  unreadCount: number;
  target: Target | null;
  onAtEnd(isAtEnd: boolean): void;
}

const AHEAD_PIXELS = 800;

export function Timeline({ ref, history, unreadCount, target, onAtEnd }: TimelineProps) {
  const text = useText();
  const { items, hasOlder, loadOlder, hasNewer, loadNewer, loadNewest } = history;
  const rows = useMemo(() => buildRows(items), [items]);
  const { scroller, content, isAtEnd, onScroll, scrollToEnd } = useStickyScroll(rows, !hasNewer);
  const addedCount = useNewCount(items, isAtEnd);
  // Newer messages are not loaded then, so they are not marked as read.
  const newCount = hasNewer ? unreadCount : addedCount;
  const top = useRef<HTMLDivElement>(null);
  const bottom = useRef<HTMLDivElement>(null);
  useEffect(() => onAtEnd(isAtEnd), [isAtEnd, onAtEnd]);
  useNearby(top, scroller, hasOlder, loadOlder, items);
  useNearby(bottom, scroller, hasNewer, loadNewer, items);
  const goToEnd = useCallback(() => {
    scrollToEnd();
    // If it fails, the pages in between come by scrolling.
    loadNewest().catch(() => {});
  }, [scrollToEnd, loadNewest]);

  const shown = useRef<Target | null>(null);
  useLayoutEffect(() => {
    if (!target || shown.current === target) return;
    const row = content.current!.querySelector(`[data-item="${CSS.escape(target.id)}"], [data-album~="${CSS.escape(target.id)}"]`);
    // It comes with the next rows.
    if (!row) return;
    shown.current = target;
    row.scrollIntoView({ block: "center" });
    // Before anything else keeps the old place.
    onScroll();
    row.animate([{ backgroundColor: "var(--mark)" }, { backgroundColor: "transparent" }], 1_800);
  }, [target, rows, content, onScroll]);
  useImperativeHandle(ref, () => ({ scrollToEnd: goToEnd }), [goToEnd]);

  return (
    <div className={styles.frame}>
      <div ref={scroller} className={styles.scroller} onScroll={onScroll} tabIndex={0} role="log" aria-label={text.messages}>
        <div ref={content} className={styles.content}>
          <div ref={top} className={styles.top}>
            {!hasOlder && <p>{text.startOfConversation}</p>}
          </div>
          {rows.map((row) => (
            <Row key={row.item.id} {...row} />
          ))}
          <div ref={bottom} />
        </div>
      </div>
      {!isAtEnd && (
        <button type="button" className={styles.toEnd} onClick={goToEnd} aria-label={newCount ? undefined : text.toNewest}>
          {newCount > 0 && <span>{text.newMessages(newCount)}</span>}
          <ArrowDown size={18} aria-hidden />
        </button>
      )}
    </div>
  );
}

/** Loads a page while the end of the loaded ones is near the view. */
function useNearby(
  edge: RefObject<HTMLDivElement | null>,
  scroller: RefObject<HTMLDivElement | null>,
  hasMore: boolean,
  load: () => Promise<void>,
  items: readonly TimelineItem[],
): void {
  useEffect(() => {
    if (!hasMore) return;
    // Observed again after each page: a page may leave the edge in view.
    const observer = new IntersectionObserver(([entry]) => entry!.isIntersecting && void load().catch(() => {}), {
      root: scroller.current,
      rootMargin: `${AHEAD_PIXELS}px 0px`,
    });
    observer.observe(edge.current!);
    return () => observer.disconnect();
  }, [hasMore, load, items, edge, scroller]);
}

const Row = memo(function Row({ item, album, startsDay, continues }: TimelineRow) {
  return (
    <>
      {startsDay && (
        <p className={styles.day}>
          <Day time={item.timestamp} />
        </p>
      )}
      <div
        data-item={item.id}
        data-album={album?.map(({ id }) => id).join(" ")}
        className={styles.row}
        data-continues={continues || undefined}
      >
        {album && <AlbumRow messages={album} continues={continues} />}
        {!album && item.__typename === "Message" && <MessageRow message={item} continues={continues} />}
        {item.__typename === "Note" && <NoteRow note={item} />}
        {item.__typename === "ConversationChange" && <ChangeRow change={item} />}
      </div>
    </>
  );
});

function Day({ time }: { time: string }) {
  const text = useText();
  const language = useLanguage();
  useToday();
  return <time dateTime={time}>{formatDay(text, language, time)}</time>;
}

/** Counts the customer's messages that came since the user left the end. */
function useNewCount(items: readonly TimelineItem[], isAtEnd: boolean): number {
  const newest = items[0]?.timestamp ?? "";
  const [seen, setSeen] = useState(newest);
  useEffect(() => {
    if (isAtEnd) setSeen(newest);
  }, [isAtEnd, newest]);
  if (isAtEnd) return 0;
  const isNew = (item: TimelineItem) =>
    item.__typename === "Message" && item.direction === "INBOUND" && item.timestamp > seen;
  return items.filter(isNew).length;
}
