import { Paperclip, X } from "lucide-react";
import { useId, type ChangeEvent } from "react";
import { useFileProblem } from "../../composer/files/file_problem.js";
import type { UploadedFileFragment } from "../../generated/admin.js";
import { useText } from "../../language/language.js";
import { IconButton } from "../../parts/button.js";
import { useFileUpload } from "../../parts/form/use_file_upload.js";
import { showToast } from "../../parts/toasts.js";
import styles from "./quick_reply_dialog.module.css";
import { useQuickRepliesText } from "./texts.js";

interface ReplyFileProps {
  accountId: string;
  file: UploadedFileFragment | null;
  onChange(file: UploadedFileFragment | null): void;
  onUploading(isUploading: boolean): void;
}

/** The file of a quick reply, which is uploaded as soon as it is chosen. */
export function ReplyFile({ accountId, file, onChange, onUploading }: ReplyFileProps) {
  const [text, generalText] = [useQuickRepliesText(), useText()];
  const explain = useFileProblem();
  const inputId = useId();
  const { percent, send, cancel } = useFileUpload(accountId);

  async function choose({ target }: ChangeEvent<HTMLInputElement>) {
    const chosen = target.files?.[0];
    if (!chosen) return;
    const problem = explain(chosen);
    if (problem) {
      target.value = "";
      return showToast(problem);
    }
    onUploading(true);
    const uploaded = await send(chosen);
    onUploading(false);
    if (uploaded) onChange(uploaded);
  }

  if (file) {
    return (
      <div className={styles.file} role="group" aria-label={text.file}>
        <label>{text.file}</label>
        <div className={styles.chosen}>
          <Paperclip size={16} aria-hidden />
          <bdi>{file.filename ?? file.mimeType}</bdi>
          <IconButton icon={X} label={text.removeFile} onClick={() => onChange(null)} />
        </div>
      </div>
    );
  }
  return (
    <div className={styles.file}>
      <label htmlFor={inputId}>{text.addFile}</label>
      {percent === null ? (
        <input id={inputId} type="file" onChange={(event) => void choose(event)} />
      ) : (
        <div className={styles.chosen}>
          <progress value={percent} max={100} aria-label={text.uploading(percent)} />
          <IconButton icon={X} label={generalText.message.cancelUpload} onClick={cancel} />
        </div>
      )}
    </div>
  );
}
