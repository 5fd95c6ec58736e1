import { useCallback, useLayoutEffect, useRef, type RefObject } from "react";

/** Visible rows whose positions are compared; several, because one of them may have moved. */
const COMPARED = 5;

interface Row {
  id: string;
}

/**
 * Keeps the visible rows of a list in their place when rows above them come, go or are forgotten, unless
 * the list is at its top. Returns the handler of its scroll events.
 */
export function useKeptPlace(
  scroller: RefObject<HTMLDivElement | null>,
  rows: readonly Row[],
  rowPixels: number,
): () => void {
  const places = useRef<Map<string, number>>(new Map());
  const shown = useRef(rows);
  const note = useCallback(() => {
    const { scrollTop } = scroller.current!;
    const first = Math.floor(scrollTop / rowPixels);
    const visible = scrollTop > 0 ? shown.current.slice(first, first + COMPARED) : [];
    places.current = new Map(visible.map(({ id }, index) => [id, first + index]));
  }, [scroller, rowPixels]);
  useLayoutEffect(() => {
    shown.current = rows;
    if (!scroller.current) return;
    const shifts = rows.flatMap(({ id }, index) => (places.current.has(id) ? [index - places.current.get(id)!] : []));
    const shift = shifts.sort((one, other) => one - other)[shifts.length >> 1] ?? 0;
    if (shift) scroller.current.scrollTop += shift * rowPixels;
    note();
  }, [rows, scroller, rowPixels, note]);
  return note;
}
