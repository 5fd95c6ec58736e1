import { FileStack, Paperclip, SendHorizontal, StickyNote } from "lucide-react";
import { useRef, type ChangeEvent, type Ref } from "react";
import { useText } from "../language/language.js";
import { IconButton } from "../parts/button.js";
import styles from "./composer.module.css";
import type { Format } from "./editing.js";
import { EmojiButton } from "./emoji_button.js";
import { FormatMenu } from "./format_menu.js";
import { MoreMenu, type MessageKind } from "./more_menu.js";
import { useComposerTexts } from "./texts.js";
import type { OpenWindow } from "./window_notice.js";

/** Loads parts before they are shown. */
interface Loading {
  forms(): void;
  templates(): void;
}

interface ComposerToolsProps {
  isNote: boolean;
  canReply: boolean;
  isBlocked: boolean;
  canSend: boolean;
  window: OpenWindow;
  moreButton: Ref<HTMLButtonElement>;
  load: Loading;
  onFiles(event: ChangeEvent<HTMLInputElement>): void;
  onKind(kind: MessageKind): void;
  onRecord(): void;
  /** The field takes the focus, and a text or format if one was chosen. */
  onEmoji(emoji: string | null): void;
  onFormat(format: Format | null): void;
  onTemplate(): void;
  onNote(): void;
  onSend(): void;
}

/** The buttons below the field. */
export function ComposerTools(props: ComposerToolsProps) {
  const { isNote, canReply, isBlocked, canSend, load } = props;
  const text = useText();
  const files = useRef<HTMLInputElement>(null);
  return (
    <div className={styles.tools}>
      <input ref={files} type="file" multiple hidden onChange={props.onFiles} />
      <IconButton
        icon={Paperclip}
        label={text.composer.attach}
        disabled={isNote || !canReply}
        onClick={() => files.current?.click()}
      />
      <MoreMenu
        ref={props.moreButton}
        isDisabled={isNote || !canReply}
        onOpen={load.forms}
        onChoose={props.onKind}
        onRecord={props.onRecord}
      />
      <EmojiButton onClose={props.onEmoji} />
      <FormatMenu onClose={props.onFormat} />
      <IconButton
        icon={FileStack}
        label={text.composer.template}
        disabled={isBlocked}
        onPointerEnter={load.templates}
        onClick={props.onTemplate}
      />
      <IconButton
        icon={StickyNote}
        label={text.composer.note}
        aria-pressed={isNote}
        disabled={isNote && !canReply}
        onClick={props.onNote}
      />
      <Hint isNote={isNote} window={props.window} />
      <IconButton
        className={styles.send}
        icon={SendHorizontal}
        label={isNote ? text.composer.addNote : text.composer.send}
        disabled={!canSend}
        onClick={props.onSend}
      />
    </div>
  );
}

function Hint({ isNote, window: { left, isEnding } }: { isNote: boolean; window: OpenWindow }) {
  const text = useText();
  const own = useComposerTexts();
  if (isNote) return <span className={styles.hint}>{text.composer.note}</span>;
  const words = left && (isEnding ? own.windowEnding(left) : text.composer.windowLeft(left));
  return (
    <span className={styles.hint} data-ending={isEnding || undefined}>
      <span className={styles.long}>{words}</span>
      <span className={styles.brief}>{left && own.timeLeft(left)}</span>
    </span>
  );
}
