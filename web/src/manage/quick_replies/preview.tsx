import { FileText } from "lucide-react";
import { FormattedText } from "../../conversation/formatted_text.js";
import type { UploadedFileFragment } from "../../generated/admin.js";
import { toOwnOrigin } from "../../parts/media_urls.js";
import styles from "./quick_reply_dialog.module.css";
import { useQuickRepliesText } from "./texts.js";

interface PreviewProps {
  body: string;
  file: UploadedFileFragment | null;
}

/** A quick reply as the customer will see it. */
export function Preview({ body, file }: PreviewProps) {
  const text = useQuickRepliesText();
  const isEmpty = !body.trim() && !file;
  return (
    <section className={styles.preview} aria-label={text.preview}>
      <h3>{text.preview}</h3>
      {isEmpty ? (
        <p className={styles.empty}>{text.previewEmpty}</p>
      ) : (
        <div className={styles.bubble}>
          {file && <FileView file={file} />}
          {body.trim() && <FormattedText text={body.trim()} />}
        </div>
      )}
    </section>
  );
}

function FileView({ file: { kind, filename, mimeType, url } }: { file: UploadedFileFragment }) {
  const text = useQuickRepliesText();
  const source = toOwnOrigin(url);
  const name = filename ?? mimeType;
  if (kind === "IMAGE" || kind === "STICKER") return <img src={source} alt={name} />;
  if (kind === "VIDEO") return <video src={source} controls preload="metadata" aria-label={name} />;
  if (kind === "AUDIO") return <audio src={source} controls preload="metadata" aria-label={name} />;
  return (
    <a className={styles.document} href={source} target="_blank" rel="noopener noreferrer" title={text.file}>
      <FileText size={24} aria-hidden />
      <bdi>{name}</bdi>
    </a>
  );
}
