import { useEffect, useRef, useSyncExternalStore } from "react";
import styles from "./toasts.module.css";

const SHOWN_MILLISECONDS = 6_000;

interface Toast {
  id: number;
  text: string;
}

let toasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function change(next: readonly Toast[]): void {
  toasts = next;
  listeners.forEach((listener) => listener());
}

/** Shows a short message for some seconds; screen readers read it. */
export function showToast(text: string): void {
  const toast = { id: ++lastId, text };
  change([...toasts.filter((old) => old.text !== text), toast]);
  setTimeout(() => change(toasts.filter(({ id }) => id !== toast.id)), SHOWN_MILLISECONDS);
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Shown again, it lies above a dialog that was opened meanwhile.
    box.current!.hidePopover();
    box.current!.showPopover();
  }, [shown]);
  return (
    <div ref={box} className={styles.toasts} role="status" popover="manual">
      {shown.map(({ id, text }) => (
        <div key={id} className={styles.toast}>
          {text}
        </div>
      ))}
    </div>
  );
}
