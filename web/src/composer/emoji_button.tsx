import * as Popover from "@radix-ui/react-popover";
import { Smile } from "lucide-react";
import { Suspense, useCallback, useRef } from "react";
import { IconButton } from "../parts/button.js";
import { loadAhead, loadLater } from "../parts/load_later.js";
import styles from "./emoji_button.module.css";
import { useComposerTexts } from "./texts.js";

const loadPicker = () => import("../emoji/emoji_picker.js");
const EmojiPicker = loadLater(async () => (await loadPicker()).EmojiPicker);

interface EmojiButtonProps {
  /** Called when the picker is closed, with the emoji if one was chosen. */
  onClose(emoji: string | null): void;
}

export function EmojiButton({ onClose }: EmojiButtonProps) {
  const text = useComposerTexts();
  const chosen = useRef<string | null>(null);
  const close = useRef<HTMLButtonElement>(null);
  const choose = useCallback((emoji: string) => {
    chosen.current = emoji;
    close.current?.click();
  }, []);
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <IconButton icon={Smile} label={text.emoji} onPointerEnter={() => loadAhead(loadPicker)} />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className={styles.popover}
          aria-label={text.emoji}
          side="top"
          align="start"
          sideOffset={8}
          collisionPadding={8}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            onClose(chosen.current);
            chosen.current = null;
          }}
        >
          <Suspense fallback={null}>
            <EmojiPicker onChoose={choose} />
          </Suspense>
          <Popover.Close ref={close} hidden />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
