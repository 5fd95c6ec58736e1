import { useEffect, useRef } from "react";
import { findRetryDelay } from "../errors.js";

/** Repeats a query that failed, with growing delays, unless repeating can't help. */
export function useRetry(error: unknown, refetch: () => Promise<unknown>): void {
  const attempts = useRef(0);
  useEffect(() => {
    if (!error) attempts.current = 0;
    const delay = error ? findRetryDelay(error, attempts.current) : null;
    if (delay === null) return;
    const timer = setTimeout(() => {
      attempts.current += 1;
      // Its failure is the next `error`.
      refetch().catch(() => {});
    }, delay);
    return () => clearTimeout(timer);
  }, [error, refetch]);
}
