import { ChevronLeft, ChevronRight, ExternalLink, MessageSquareQuote } from "lucide-react";
import { useEffect, useState } from "react";
import { FormattedText } from "../conversation/formatted_text.js";
import { useLanguage, useText } from "../language/language.js";
import { formatMoment } from "../language/times.js";
import { Button, IconButton } from "../parts/button.js";
import { Dialog } from "../parts/dialog.js";
import { useFreshMediaUrl, useMediaUrl } from "../parts/media_urls.js";
import { StoredVideo } from "../parts/stored_video.js";
import { useGalleryText } from "./texts.js";
import { useGallery, type MediaMessage } from "./use_gallery.js";
import styles from "./lightbox.module.css";

interface LightboxProps {
  conversationId: string;
  /** The photo or video to begin with. */
  picture: MediaMessage;
  onJump(messageId: string): void;
  onClose(): void;
}

/** A photo or video as large as the page, with those before and after it in the conversation. */
export function Lightbox({ conversationId, picture, onJump, onClose }: LightboxProps) {
  const text = useText();
  const words = useGalleryText();
  const language = useLanguage();
  const [shown, setShown] = useState(picture);
  const { previous, next } = useNeighbours(conversationId, shown.id);
  const show = (message: MediaMessage | undefined) => message && setShown(message);
  useArrowKeys(() => show(previous), () => show(next));
  const { id, media, timestamp } = shown;
  const kind = media.kind === "VIDEO" ? text.message.video : text.message.image;
  return (
    <Dialog title={`${kind} · ${formatMoment(language, timestamp)}`} size="76rem" onClose={onClose}>
      <div className={styles.stage}>
        <Large key={id} message={shown} />
        <IconButton
          className={styles.previous}
          icon={ChevronLeft}
          label={words.previous}
          aria-keyshortcuts="ArrowLeft"
          disabled={!previous}
          onClick={() => show(previous)}
        />
        <IconButton
          className={styles.next}
          icon={ChevronRight}
          label={words.next}
          aria-keyshortcuts="ArrowRight"
          disabled={!next}
          onClick={() => show(next)}
        />
      </div>
      <footer className={styles.footer}>
        {media.caption && (
          <div className={styles.caption}>
            <FormattedText text={media.caption} />
          </div>
        )}
        <OpenFile message={shown} />
        <Button
          onClick={() => {
            onClose();
            onJump(id);
          }}
        >
          <MessageSquareQuote size={16} aria-hidden />
          {words.jump}
        </Button>
      </footer>
    </Dialog>
  );
}

function Large({ message: { id, media } }: { message: MediaMessage }) {
  const text = useText();
  const { url, renew } = useMediaUrl(id, media.url);
  if (!url) return null;
  if (media.kind === "VIDEO") return <StoredVideo className={styles.picture} url={url} onError={renew} />;
  return <img className={styles.picture} src={url} alt={text.message.image} onError={renew} />;
}

function OpenFile({ message: { id, media } }: { message: MediaMessage }) {
  const words = useGalleryText();
  const url = useFreshMediaUrl(id, media.url);
  return (
    url && (
      <a className={styles.open} href={url} target="_blank" rel="noopener noreferrer">
        <ExternalLink size={16} aria-hidden />
        {words.openFile}
      </a>
    )
  );
}

/** The photos or videos before and after one; older pages are loaded until they are known. */
function useNeighbours(conversationId: string, id: string): { previous?: MediaMessage; next?: MediaMessage } {
  const { messages = [], hasMore, loadMore } = useGallery(conversationId, "pictures");
  // Newest first.
  const index = messages.findIndex((message) => message.id === id);
  const previous = index === -1 ? undefined : messages[index + 1];
  const next = messages[index - 1];
  const isMissing = hasMore && !previous;
  useEffect(() => {
    if (isMissing) loadMore();
  }, [isMissing, loadMore, messages.length]);
  return { ...(previous && { previous }), ...(next && { next }) };
}

function useArrowKeys(onLeft: () => void, onRight: () => void): void {
  useEffect(() => {
    const handle = (event: KeyboardEvent) => {
      // In a video they wind.
      if (event.altKey || event.ctrlKey || event.metaKey || event.target instanceof HTMLVideoElement) return;
      if (event.key === "ArrowLeft") onLeft();
      if (event.key === "ArrowRight") onRight();
    };
    window.addEventListener("keydown", handle);
    return () => window.removeEventListener("keydown", handle);
  });
}
