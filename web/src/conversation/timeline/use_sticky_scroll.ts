import { useCallback, useLayoutEffect, useRef, useState, type RefObject } from "react";

const NEAR_PIXELS = 60;

interface StickyScroll {
  scroller: RefObject<HTMLDivElement | null>;
  content: RefObject<HTMLDivElement | null>;
  /** True while the newest item is in view; new items are followed then. */
  isAtEnd: boolean;
  onScroll(): void;
  scrollToEnd(): void;
}

interface Anchor {
  element: Element;
  /** Its distance from the start of the content: unlike its place in view, scrolling does not change it. */
  offset: number;
}

/**
 * Keeps what the user reads in its place, whatever is added above, below or grows: at the end it
 * stays at the end, elsewhere the first visible row stays where it is.
 *
 * @param rows Changes with the rows.
 * @param hasNewest True if the newest row is among them.
 */
export function useStickyScroll(rows: unknown, hasNewest: boolean): StickyScroll {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const anchor = useRef<Anchor | null>(null);
  const atEnd = useRef(true);
  // `scrollTop` at the end, as it was last gone to.
  const end = useRef(0);
  // Until the newest row is there.
  const isGoingToEnd = useRef(false);
  const newestIsThere = useRef(hasNewest);
  const [isAtEnd, setAtEnd] = useState(true);

  const keep = useCallback(() => {
    const box = scroller.current!;
    if (atEnd.current) {
      box.scrollTop = box.scrollHeight;
      end.current = box.scrollTop;
    } else if (anchor.current?.element.isConnected) {
      const offset = measureOffset(anchor.current.element, content.current!);
      if (offset !== anchor.current.offset) box.scrollTop += offset - anchor.current.offset;
      anchor.current.offset = offset;
    }
  }, []);

  const onScroll = useCallback(() => {
    const box = scroller.current!;
    const isNearTo = (place: number) => place - box.scrollTop < NEAR_PIXELS;
    // A scroll is reported late: the content may have grown since it went to its end.
    const isNear = isNearTo(box.scrollHeight - box.clientHeight) || (atEnd.current && isNearTo(end.current));
    atEnd.current = isNear && (newestIsThere.current || isGoingToEnd.current);
    anchor.current = findAnchor(box, content.current!);
    setAtEnd(atEnd.current);
  }, []);

  const scrollToEnd = useCallback(() => {
    atEnd.current = true;
    isGoingToEnd.current = !newestIsThere.current;
    setAtEnd(true);
    keep();
  }, [keep]);

  useLayoutEffect(() => {
    newestIsThere.current = hasNewest;
    keep();
    if (hasNewest) isGoingToEnd.current = false;
    else if (!isGoingToEnd.current) onScroll();
  }, [keep, onScroll, rows, hasNewest]);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(keep);
    observer.observe(content.current!);
    observer.observe(scroller.current!);
    return () => observer.disconnect();
  }, [keep]);
  return { scroller, content, isAtEnd, onScroll, scrollToEnd };
}

/** Finds the first visible row, by halves: a long history has thousands. */
function findAnchor(box: Element, content: Element): Anchor | null {
  const top = box.getBoundingClientRect().top;
  const rows = content.querySelectorAll("[data-item]");
  let [low, high] = [0, rows.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.getBoundingClientRect().bottom > top) high = middle;
    else low = middle + 1;
  }
  const element = rows[low];
  return element ? { element, offset: measureOffset(element, content) } : null;
}

const measureOffset = (element: Element, content: Element): number =>
  element.getBoundingClientRect().top - content.getBoundingClientRect().top;
