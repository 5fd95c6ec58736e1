import { useMutation } from "@apollo/client/react";
import { useState } from "react";
import {
  CreateQuickReplyDocument,
  UpdateQuickReplyDocument,
  type ManagedQuickReplyFragment,
  type UploadedFileFragment,
} from "../../generated/admin.js";
import { hasCaption } from "../../composer/files/file_kinds.js";
import { useText } from "../../language/language.js";
import { Dialog } from "../../parts/dialog.js";
import { TextAreaField, TextField } from "../parts/fields.js";
import { Form, type Values } from "../parts/form.js";
import { ReplyFile } from "./reply_file.js";
import { Preview } from "./preview.js";
import styles from "./quick_reply_dialog.module.css";
import { useQuickRepliesText } from "./texts.js";

const MAX_TEXT = 4096;
const MAX_CAPTION = 1024;

interface QuickReplyDialogProps {
  accountId: string;
  /** The quick reply to change; null for a new one. */
  reply: ManagedQuickReplyFragment | null;
  onDone(): void;
  onClose(): void;
}

/** Writes a quick reply beside its preview. */
export function QuickReplyDialog({ accountId, reply, onDone, onClose }: QuickReplyDialogProps) {
  const [text, generalText] = [useQuickRepliesText(), useText()];
  const [create] = useMutation(CreateQuickReplyDocument);
  const [update] = useMutation(UpdateQuickReplyDocument);
  const [body, setBody] = useState(reply?.text ?? "");
  const [file, setFile] = useState<UploadedFileFragment | null>(reply?.upload ?? null);
  const [isUploading, setUploading] = useState(false);
  const maximum = file ? MAX_CAPTION : MAX_TEXT;

  async function submit(values: Values) {
    const shortcut = values["shortcut"]!;
    const content = { shortcut, text: values["text"] || null, uploadId: file?.id ?? null };
    const problem = isUploading ? text.waitForUpload : !content.text && !file ? text.needsContent : null;
    if (problem) return { data: { form: { userErrors: [{ message: problem, field: ["text"] }] } } };
    const payload = reply
      ? (await update({ variables: { input: { quickReplyId: reply.id, ...content } } })).data?.updateQuickReply
      : (await create({ variables: { input: { accountId, ...content } } })).data?.createQuickReply;
    // The general sentence does not name the shortcut.
    const userErrors = payload?.userErrors.map((error) =>
      error.code === "CONFLICT" && error.field?.[0] === "shortcut" ? { message: text.taken(shortcut), field: error.field } : error,
    );
    return { data: { saved: { userErrors } } };
  }

  function checkText(value: string): string | undefined {
    if (file && !hasCaption(file.kind)) return text.noCaption;
    return [...value].length > maximum ? text.tooLong(maximum) : undefined;
  }

  return (
    <Dialog title={reply ? text.editReply(reply.shortcut) : text.create} size="46rem" onClose={onClose}>
      <div className={styles.columns}>
        <div className={styles.fields}>
          <Form
            submitLabel={generalText.save}
            onSubmit={submit}
            onDone={() => {
              onDone();
              onClose();
            }}
          >
            <TextField
              name="shortcut"
              label={text.shortcut}
              hint={text.shortcutHint}
              isRequired
              maxLength={50}
              spellCheck={false}
              defaultValue={reply?.shortcut}
              check={(value) => (/\s/.test(value) ? text.noSpaces : value.startsWith("/") ? text.noSlash : undefined)}
            />
            <TextAreaField
              name="text"
              label={text.text}
              hint={`${text.counter([...body].length, maximum)}. ${text.textHint}`}
              rows={6}
              defaultValue={body}
              check={checkText}
              onInput={({ currentTarget }) => setBody(currentTarget.value)}
            />
            <ReplyFile accountId={accountId} file={file} onChange={setFile} onUploading={setUploading} />
          </Form>
        </div>
        <Preview body={body} file={file} />
      </div>
    </Dialog>
  );
}
