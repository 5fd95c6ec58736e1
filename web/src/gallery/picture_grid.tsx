import { useLanguage, useText } from "../language/language.js";
import { formatMoment } from "../language/times.js";
import { Picture } from "./picture.js";
import { useGalleryText } from "./texts.js";
import type { MediaMessage } from "./use_gallery.js";
import styles from "./picture_grid.module.css";

interface PictureGridProps {
  messages: readonly MediaMessage[];
  onOpen(message: MediaMessage): void;
}

/** Photos and videos side by side; each opens large. */
export function PictureGrid({ messages, onOpen }: PictureGridProps) {
  const text = useText();
  const words = useGalleryText();
  const language = useLanguage();
  return (
    <ul className={styles.grid}>
      {messages.map((message) => {
        const kind = message.media.kind === "VIDEO" ? text.message.video : text.message.image;
        const label = words.showPicture(kind, formatMoment(language, message.timestamp));
        return (
          <li key={message.id}>
            <button type="button" aria-label={label} title={label} onClick={() => onOpen(message)}>
              <Picture message={message} />
            </button>
          </li>
        );
      })}
    </ul>
  );
}
