import { Images, MessageSquareQuote } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { MediaFile } from "../conversation/content/media_view.js";
import { useLanguage } from "../language/language.js";
import { findMonth, formatMoment, formatMonth } from "../language/times.js";
import { IconButton } from "../parts/button.js";
import { Dialog } from "../parts/dialog.js";
import { EmptyState } from "../parts/empty_state.js";
import { Lightbox } from "./lightbox.js";
import { PictureGrid } from "./picture_grid.js";
import { useGalleryText } from "./texts.js";
import { KINDS, useGallery, type Kind, type MediaMessage } from "./use_gallery.js";
import styles from "./gallery_dialog.module.css";

interface GalleryDialogProps {
  conversationId: string;
  onJump(messageId: string): void;
  onClose(): void;
}

/** All files of a conversation, by kind and month. */
export function GalleryDialog({ conversationId, onJump, onClose }: GalleryDialogProps) {
  const words = useGalleryText();
  const [kind, setKind] = useState<Kind>("pictures");
  return (
    <Dialog title={words.title} size="46rem" onClose={onClose}>
      <div className={styles.kinds} role="group" aria-label={words.title}>
        {(Object.keys(KINDS) as Kind[]).map((each) => (
          <button key={each} type="button" aria-pressed={each === kind} onClick={() => setKind(each)}>
            {words.kinds[each]}
          </button>
        ))}
      </div>
      <Files key={kind} conversationId={conversationId} kind={kind} onJump={onJump} />
    </Dialog>
  );
}

interface FilesProps {
  conversationId: string;
  kind: Kind;
  onJump(messageId: string): void;
}

function Files({ conversationId, kind, onJump }: FilesProps) {
  const words = useGalleryText();
  const language = useLanguage();
  const { messages, error, hasMore, loadMore } = useGallery(conversationId, kind);
  const [shown, setShown] = useState<MediaMessage | null>(null);
  const isEmpty = messages?.length === 0 && !hasMore;
  return (
    <div className={styles.files} aria-busy={!messages && !error} tabIndex={0} role="region" aria-label={words.kinds[kind]}>
      {error && !messages && <p className={styles.failed}>{words.failed}</p>}
      {isEmpty && (
        <EmptyState icon={Images} title={words.none[kind]}>
          <p>{words.noneHelp}</p>
        </EmptyState>
      )}
      {groupByMonth(messages ?? []).map((group) => (
        <section key={group[0]!.id}>
          <h3>{formatMonth(language, group[0]!.timestamp)}</h3>
          {kind === "pictures" ? (
            <PictureGrid messages={group} onOpen={setShown} />
          ) : (
            <FileList messages={group} onJump={onJump} />
          )}
        </section>
      ))}
      {hasMore && <LoadMore onReach={loadMore} />}
      {shown && (
        <Lightbox conversationId={conversationId} picture={shown} onJump={onJump} onClose={() => setShown(null)} />
      )}
    </div>
  );
}

function FileList({ messages, onJump }: { messages: readonly MediaMessage[]; onJump(messageId: string): void }) {
  const words = useGalleryText();
  const language = useLanguage();
  return (
    <ul className={styles.list}>
      {messages.map(({ id, media, timestamp }) => (
        <li key={id}>
          <MediaFile messageId={id} media={media} />
          <time dateTime={timestamp}>{formatMoment(language, timestamp)}</time>
          <IconButton icon={MessageSquareQuote} label={words.jump} onClick={() => onJump(id)} />
        </li>
      ))}
    </ul>
  );
}

/** Loads the next page before its place is reached. */
function LoadMore({ onReach }: { onReach(): void }) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => entry!.isIntersecting && onReach(), { rootMargin: "400px" });
    observer.observe(end.current!);
    return () => observer.disconnect();
  }, [onReach]);
  return <div ref={end} className={styles.end} />;
}

function groupByMonth(messages: readonly MediaMessage[]): MediaMessage[][] {
  const groups: MediaMessage[][] = [];
  for (const message of messages) {
    const group = groups.at(-1);
    if (group && findMonth(group[0]!.timestamp) === findMonth(message.timestamp)) group.push(message);
    else groups.push([message]);
  }
  return groups;
}
