import { Picture } from "../../gallery/picture.js";
import { useGalleryText } from "../../gallery/texts.js";
import { readMedia, type MediaMessage } from "../../gallery/use_gallery.js";
import { useLanguage, useText } from "../../language/language.js";
import { formatMoment } from "../../language/times.js";
import { useConversationActions } from "../conversation_context.js";
import { MessageMenu } from "./message_menu.js";
import { Footer, nameSender } from "./message_row.js";
import { Reactions } from "./reactions.js";
import type { MessageItem } from "./timeline_rows.js";
import rowStyles from "./message_row.module.css";
import styles from "./album_row.module.css";

/** Pictures of a larger album are counted on the last one of these. */
const SHOWN = 4;

interface AlbumRowProps {
  messages: readonly MessageItem[];
  continues: boolean;
}

/** Photos and videos that were sent in a row, as one bubble. */
export function AlbumRow({ messages, continues }: AlbumRowProps) {
  const text = useText();
  const words = useGalleryText();
  const { contactName } = useConversationActions();
  const last = messages.at(-1)!;
  const isOut = last.direction === "OUTBOUND";
  const author = isOut ? nameSender(last) : contactName;
  return (
    <article className={rowStyles.row} data-out={isOut || undefined} aria-label={text.message.from(author ?? text.you)}>
      <div className={rowStyles.line}>
        <div className={`${rowStyles.bubble} ${styles.bubble}`} data-first={!continues || undefined}>
          <ul className={styles.album} data-count={Math.min(messages.length, SHOWN)} aria-label={words.album(messages.length)}>
            {messages.slice(0, SHOWN).map((message, index) => (
              <Tile key={message.id} messages={index === SHOWN - 1 ? messages.slice(index) : [message]} />
            ))}
          </ul>
          <Footer message={findSlowest(messages)} author={isOut ? author : null} />
        </div>
      </div>
    </article>
  );
}

/** The first picture of some messages: the album's last one also stands for those that are not shown. */
function Tile({ messages }: { messages: readonly MessageItem[] }) {
  const text = useText();
  const words = useGalleryText();
  const language = useLanguage();
  const { showPicture } = useConversationActions();
  const message = messages[0]!;
  const hidden = messages.length > 1 ? messages.length : 0;
  const [picture] = readMedia(message) as [MediaMessage];
  const kind = picture.media.kind === "VIDEO" ? text.message.video : text.message.image;
  const label = words.showPicture(kind, formatMoment(language, message.timestamp));
  return (
    <li>
      <button type="button" aria-label={hidden > 0 ? words.more(hidden) : label} onClick={() => showPicture(message.id)}>
        <Picture message={picture} />
        {hidden > 0 && <span className={styles.more}>+{hidden}</span>}
      </button>
      {hidden === 0 && <MessageMenu message={message} />}
      <Reactions messages={messages} />
    </li>
  );
}

const ORDER = ["QUEUED", "SENDING", "ACCEPTED", "HELD", "SENT", "DELIVERED", "READ"];

/** The message whose status the album shows: the least advanced one, else the newest. */
function findSlowest(messages: readonly MessageItem[]): MessageItem {
  const rank = ({ status }: MessageItem) => ORDER.indexOf(status);
  return messages.reduce((slowest, message) => (rank(message) <= rank(slowest) ? message : slowest));
}
