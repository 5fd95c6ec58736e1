import type { ChangeEvent } from "react";
import { useText } from "../language/language.js";
import type { FieldJoins } from "../parts/form/field.js";
import { useFileUpload } from "../parts/form/use_file_upload.js";

interface FileFieldProps extends FieldJoins {
  kind: "IMAGE" | "VIDEO" | "DOCUMENT";
  accountId: string;
  onChange(value: unknown): void;
}

const TYPES = { IMAGE: "image/jpeg,image/png", VIDEO: "video/mp4,video/3gpp", DOCUMENT: "application/pdf" };

/** A file of a template's parameter. */
export function FileField({ kind, accountId, onChange, ...rest }: FileFieldProps) {
  const text = useText();
  const { percent, send, cancel } = useFileUpload(accountId);
  async function choose({ target }: ChangeEvent<HTMLInputElement>) {
    const file = target.files?.[0];
    // Until the new file is there, the field has no value.
    onChange(undefined);
    if (!file) return cancel();
    const upload = await send(file);
    if (upload) onChange({ source: { uploadId: upload.id }, ...(kind === "DOCUMENT" && { filename: file.name }) });
  }
  return (
    <>
      <input type="file" accept={TYPES[kind]} onChange={(event) => void choose(event)} {...rest} />
      {percent !== null && <progress value={percent} max={100} aria-label={text.message.uploading(percent)} />}
    </>
  );
}
