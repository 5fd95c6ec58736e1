import { useMemo, useRef } from "react";

interface Item {
  id: string;
}

/**
 * Returns equal items as the same objects as before: after a collection of garbage all results of reads are new,
 * and hundreds of components would be drawn again.
 */
export function useStableItems<Row>(items: readonly Row[]): Row[] {
  const known = useRef(new Map<string, Row>());
  return useMemo(() => {
    const stable = items.map((item) => {
      const old = known.current.get(readId(item));
      return old !== undefined && isEqual(old, item) ? old : item;
    });
    known.current = new Map(stable.map((item) => [readId(item), item]));
    return stable;
  }, [items]);
}

const readId = (item: unknown): string => (item as Item).id;

/** Compares JSON values. Results of the same query have their fields in the same order. */
const isEqual = (one: unknown, other: unknown): boolean =>
  one === other || JSON.stringify(one) === JSON.stringify(other);
