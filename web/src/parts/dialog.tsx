import { X } from "lucide-react";
import { useEffect, useId, useRef, type CSSProperties, type ReactNode } from "react";
import { useText } from "../language/language.js";
import { IconButton } from "./button.js";
import styles from "./dialog.module.css";
import { useDialogEnd } from "./use_dialog_end.js";

interface DialogProps {
  title: string;
  size?: string;
  /** True if nothing that is written in it need be kept, such as a confirmation. */
  isThrowaway?: boolean;
  onClose(): void;
  children: ReactNode;
}

/** A modal dialog that is open while it is mounted. The browser keeps the focus inside. */
export function Dialog({ title, size, isThrowaway = false, onClose, children }: DialogProps) {
  const text = useText();
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const { isWarned, end, handlers } = useDialogEnd(dialog, isThrowaway, onClose);
  useEffect(() => {
    const opener = document.activeElement as HTMLElement | null;
    const element = dialog.current!;
    if (!element.open) element.showModal();
    // The browser focuses the first button, and React's `autoFocus` comes before the dialog is shown.
    element.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => {
      element.close();
      opener?.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={styles.dialog}
      style={size ? ({ "--dialog-size": size } as CSSProperties) : undefined}
      aria-labelledby={titleId}
      {...handlers}
    >
      <header className={styles.head}>
        <h2 id={titleId}>{title}</h2>
        <IconButton icon={X} label={text.close} onClick={end} />
      </header>
      <div className={styles.body}>{children}</div>
      <p className={styles.warning} role="alert">
        {isWarned && text.closeAgain}
      </p>
    </dialog>
  );
}
