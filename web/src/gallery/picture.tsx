import { Play } from "lucide-react";
import { useText } from "../language/language.js";
import { useMediaUrl } from "../parts/media_urls.js";
import type { MediaMessage } from "./use_gallery.js";
import styles from "./picture.module.css";

/** A photo, or the first image of a video, that fills its place. */
export function Picture({ message: { id, media } }: { message: MediaMessage }) {
  const text = useText();
  const { url, renew } = useMediaUrl(id, media.url);
  if (!url) return <span className={styles.picture} />;
  if (media.kind === "IMAGE") {
    return <img className={styles.picture} src={url} alt={text.message.image} loading="lazy" onError={renew} />;
  }
  return (
    <>
      <video className={styles.picture} src={url} preload="metadata" muted aria-hidden onError={renew} />
      <span className={styles.play}>
        <Play size={20} aria-hidden />
      </span>
    </>
  );
}
