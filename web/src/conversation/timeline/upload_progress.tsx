import { X } from "lucide-react";
import { useText } from "../../language/language.js";
import { IconButton } from "../../parts/button.js";
import { useUpload } from "./uploads.js";
import styles from "./upload_progress.module.css";

export function UploadProgress({ messageId }: { messageId: string }) {
  const text = useText();
  const upload = useUpload(messageId);
  if (!upload) return null;
  const percent = Math.round(upload.share * 100);
  return (
    <div className={styles.upload}>
      <progress value={percent} max={100} aria-label={text.message.uploading(percent)} />
      <IconButton icon={X} label={text.message.cancelUpload} onClick={upload.cancel} />
    </div>
  );
}
