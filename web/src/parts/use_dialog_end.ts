import { useRef, useState, type ComponentProps, type RefObject } from "react";

/** Fields with a text that the user wrote. */
const WRITTEN = ["textarea", "input:not([type=search], [type=radio], [type=checkbox], [type=file], [type=hidden], [readonly])"].join();

interface DialogEnd {
  /** True if the next close discards the entered text. */
  isWarned: boolean;
  /** Closes the dialog. If something was written in it, the first call only warns. */
  end(): void;
  handlers: Pick<ComponentProps<"dialog">, "onInput" | "onCancel" | "onClose" | "onPointerDown" | "onClick">;
}

/** Closes a dialog by Escape or a press beside it, but never loses its entered text by accident. */
export function useDialogEnd(dialog: RefObject<HTMLDialogElement | null>, isThrowaway: boolean, onClose: () => void): DialogEnd {
  const [isWarned, setWarned] = useState(false);
  const isEdited = useRef(false);
  const pressed = useRef<EventTarget>(null);
  const holdsText = () =>
    isEdited.current && [...dialog.current!.querySelectorAll<HTMLInputElement>(WRITTEN)].some(({ value }) => value.trim());
  const end = () => {
    if (!isThrowaway && !isWarned && holdsText()) setWarned(true);
    else onClose();
  };
  return {
    isWarned,
    end,
    handlers: {
      onInput({ target }) {
        if ((target as Element).matches(WRITTEN)) isEdited.current = true;
        setWarned(false);
      },
      onCancel(event) {
        // File fields have an event of this name, too, and it bubbles.
        if (event.target !== dialog.current) return;
        event.preventDefault();
        end();
      },
      onClose({ target }) {
        // Chromium closes a dialog by a second Escape, whatever its page says.
        if (!dialog.current || target !== dialog.current) return;
        dialog.current.showModal();
        end();
      },
      onPointerDown: ({ target }) => void (pressed.current = target),
      onClick({ target }) {
        // A text that is selected with the mouse may end outside.
        const isBeside = target === dialog.current && pressed.current === target;
        if (isBeside && (isThrowaway || !holdsText())) onClose();
      },
    },
  };
}
