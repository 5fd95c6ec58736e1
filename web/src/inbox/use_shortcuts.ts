import { useEffect, useRef } from "react";

type Shortcuts = Record<string, (event: KeyboardEvent) => void>;

/** Calls a function when its key is pressed outside of fields, menus and dialogs. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const current = useRef(shortcuts);
  useEffect(() => void (current.current = shortcuts));
  useEffect(() => {
    const handle = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
      // Buttons and links have a use for Enter.
      if (event.key === "Enter" && event.target !== document.body) return;
      const run = current.current[event.key];
      if (!run) return;
      event.preventDefault();
      run(event);
    };
    window.addEventListener("keydown", handle);
    return () => window.removeEventListener("keydown", handle);
  }, []);
}

const FIELDS = "input, textarea, select, [contenteditable], [role=menu], dialog";

const isTyping = (target: EventTarget | null): boolean =>
  document.querySelector("dialog[open]") !== null || (target instanceof Element && target.closest(FIELDS) !== null);
