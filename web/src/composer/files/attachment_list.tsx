import { ArrowDown, ArrowUp, FileText, Film, Music, X } from "lucide-react";
import { AudioPlayer } from "../../conversation/content/audio_player.js";
import { useText } from "../../language/language.js";
import { IconButton } from "../../parts/button.js";
import { hasCaption, type Attachment } from "./file_kinds.js";
import { useComposerTexts } from "../texts.js";
import type { useAttachments } from "./use_attachments.js";
import styles from "./attachment_list.module.css";

const ICONS = { VIDEO: Film, AUDIO: Music, DOCUMENT: FileText };
/** Characters that WhatsApp takes. */
export const MAX_CAPTION = 1024;

type AttachmentListProps = Pick<ReturnType<typeof useAttachments>, "list" | "remove" | "move" | "setCaption">;

/** The files in the order in which they are sent. If there are several, each has its own caption. */
export function AttachmentList({ list, remove, move, setCaption }: AttachmentListProps) {
  const text = useText();
  const own = useComposerTexts();
  return (
    <ul className={styles.list} aria-label={own.files}>
      {list.map((attachment, index) => {
        const { key, kind, caption, isVoice, url } = attachment;
        const name = isVoice ? text.message.voice : attachment.name;
        return (
          <li key={key}>
            {!isVoice && <Thumbnail {...attachment} />}
            <div className={styles.words}>
              {isVoice ? <AudioPlayer url={url} isVoice onError={() => {}} /> : <bdi>{name}</bdi>}
              {hasCaption(kind) && (list.length > 1 || caption !== null) && (
                <input
                  type="text"
                  dir="auto"
                  maxLength={MAX_CAPTION}
                  value={caption ?? ""}
                  placeholder={own.captionShort}
                  aria-label={own.caption(name)}
                  onChange={({ target }) => setCaption(key, target.value)}
                />
              )}
            </div>
            {index > 0 && <IconButton icon={ArrowUp} label={own.moveUp(name)} onClick={() => move(key, -1)} />}
            {index < list.length - 1 && (
              <IconButton icon={ArrowDown} label={own.moveDown(name)} onClick={() => move(key, 1)} />
            )}
            <IconButton icon={X} label={text.composer.removeFile(name)} onClick={() => remove(key)} />
          </li>
        );
      })}
    </ul>
  );
}

function Thumbnail({ kind, url }: Attachment) {
  if (kind === "IMAGE" || kind === "STICKER") return <img src={url} alt="" />;
  const Icon = ICONS[kind];
  return <Icon size={20} aria-hidden />;
}
