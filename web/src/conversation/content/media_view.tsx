import { FileText } from "lucide-react";
import { useLanguage, useText } from "../../language/language.js";
import { formatSize } from "../../language/sizes.js";
import { useFreshMediaUrl, useMediaUrl } from "../../parts/media_urls.js";
import { StoredVideo } from "../../parts/stored_video.js";
import { useConversationActions } from "../conversation_context.js";
import { FormattedText } from "../formatted_text.js";
import type { MessageItem } from "../timeline/timeline_rows.js";
import { AudioPlayer } from "./audio_player.js";
import contentStyles from "./content.module.css";
import styles from "./media_view.module.css";

export type Media = Extract<NonNullable<MessageItem["content"]>, { __typename: "MediaContent" }>;

interface MediaViewProps {
  messageId: string;
  media: Media;
}

export function MediaView({ messageId, media }: MediaViewProps) {
  return (
    <div className={styles.media}>
      <MediaFile messageId={messageId} media={media} />
      {media.caption && (
        <div className={isPicture(media) ? styles.caption : undefined}>
          <FormattedText text={media.caption} />
        </div>
      )}
    </div>
  );
}

const isPicture = ({ kind, state }: Media): boolean => state === "STORED" && (kind === "IMAGE" || kind === "VIDEO");

/** A file without its caption. */
export function MediaFile({ messageId, media }: MediaViewProps) {
  const text = useText();
  if (media.state === "FAILED" || media.state === "EXPIRED") return <Unavailable>{text.message.fileGone}</Unavailable>;
  if (media.state === "PENDING" || !media.url) return <Unavailable>{text.message.fileLoading}</Unavailable>;
  // Files by link are of other hosts, which this page never asks by itself.
  if (media.state === null) return <FileLink media={media} url={media.url} />;
  if (media.kind === "DOCUMENT") return <StoredDocument messageId={messageId} media={media} />;
  return <StoredFile messageId={messageId} media={media} />;
}

function StoredDocument({ messageId, media }: MediaViewProps) {
  const url = useFreshMediaUrl(messageId, media.url);
  return url && <FileLink media={media} url={url} />;
}

function StoredFile({ messageId, media }: MediaViewProps) {
  const text = useText();
  const { url, renew } = useMediaUrl(messageId, media.url);
  if (!url) return null;
  switch (media.kind) {
    case "IMAGE":
      return <Photo messageId={messageId} url={url} onError={renew} />;
    case "STICKER":
      return <img className={styles.sticker} src={url} alt={text.message.sticker} onError={renew} />;
    case "VIDEO":
      return <StoredVideo className={styles.video} url={url} onError={renew} />;
    case "AUDIO":
      return <AudioPlayer url={url} isVoice={media.voice} onError={renew} />;
    default:
      return null;
  }
}

interface PhotoProps {
  messageId: string;
  url: string;
  onError(): void;
}

function Photo({ messageId, url, onError }: PhotoProps) {
  const text = useText();
  const { showPicture } = useConversationActions();
  return (
    <button type="button" className={styles.open} aria-label={text.message.showPhoto} onClick={() => showPicture(messageId)}>
      <img className={styles.photo} src={url} alt={text.message.image} onError={onError} />
    </button>
  );
}

function FileLink({ media, url }: { media: Media; url: string }) {
  const text = useText();
  const language = useLanguage();
  const size = media.sizeBytes === null ? null : formatSize(language, media.sizeBytes);
  return (
    <a className={styles.file} href={url} target="_blank" rel="noopener noreferrer" title={text.message.openFile}>
      <FileText size={24} aria-hidden />
      <span>
        <bdi className={contentStyles.title}>{media.filename ?? text.message.byLink}</bdi>
        <span className={contentStyles.muted}>{[media.mimeType, size].filter(Boolean).join(" · ")}</span>
      </span>
    </a>
  );
}

const Unavailable = ({ children }: { children: string }) => <p className={styles.unavailable}>{children}</p>;
