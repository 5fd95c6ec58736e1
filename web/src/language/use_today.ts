import { useSyncExternalStore } from "react";

const CHECK_MILLISECONDS = 30_000;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function listen(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => listeners.forEach((each) => each()), CHECK_MILLISECONDS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Identifies the current day; components that name days by it are drawn again at midnight. */
export const useToday = (): string => useSyncExternalStore(listen, () => new Date().toDateString());
