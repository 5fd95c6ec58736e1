import { isPending } from "@wagraph/client/apollo";
import { Suspense, useEffect, useRef, useState, type ChangeEvent, type KeyboardEvent } from "react";
import { useCanWrite } from "../connection/viewer.js";
import type { ConversationQuery } from "../generated/graphql.js";
import { useShortcuts } from "../inbox/use_shortcuts.js";
import { useText } from "../language/language.js";
import { showToast } from "../parts/toasts.js";
import { loadAhead, loadLater } from "../parts/load_later.js";
import { AttachmentList, MAX_CAPTION } from "./files/attachment_list.js";
import { ComposerTools } from "./composer_tools.js";
import { keepDraft, readDraft, type QuotedPart } from "./drafts.js";
import { applyFormat, findFormat, insertText } from "./editing.js";
import { findCaptioned } from "./files/file_kinds.js";
import type { MessageKind } from "./more_menu.js";
import { QuickReplyList, useQuickReplies, type QuickReply } from "./quick_replies.js";
import { QuotedMessage } from "./quoted_message.js";
import { useComposerTexts } from "./texts.js";
import { useAttachments } from "./files/use_attachments.js";
import { releasePreview } from "./files/waiting_files.js";
import { useOutbox } from "./use_outbox.js";
import { useTyping } from "./use_typing.js";
import { useServiceWindow, WindowNotice } from "./window_notice.js";
import styles from "./composer.module.css";

const loadTemplates = () => import("../templates/template_dialog.js");
const TemplateDialog = loadLater(async () => (await loadTemplates()).TemplateDialog);
const loadForms = () => import("../message_forms/special_dialog.js");
const SpecialDialog = loadLater(async () => (await loadForms()).SpecialDialog);
const VoiceRecorder = loadLater(async () => (await import("../voice/voice_recorder.js")).VoiceRecorder);
const LOAD = { templates: () => loadAhead(loadTemplates), forms: () => loadAhead(loadForms) };

/** Characters that WhatsApp takes. */
const MAX_TEXT = 4096;

interface ComposerProps {
  conversation: NonNullable<ConversationQuery["conversation"]>;
  quoted: QuotedPart | null;
  onQuote(message: QuotedPart | null): void;
  /** Called after something was sent. */
  onSend(): void;
}

export function Composer(props: ComposerProps) {
  const text = useText();
  const canWrite = useCanWrite();
  if (!canWrite) return <p className={styles.closed}>{text.composer.readOnly}</p>;
  return <WritableComposer {...props} />;
}

function WritableComposer({ conversation, quoted, onQuote, onSend }: ComposerProps) {
  const text = useText();
  const own = useComposerTexts();
  const { id, account, contact, serviceWindow } = conversation;
  const [draft] = useState(() => readDraft(id));
  const [body, setBody] = useState(draft.text);
  const [wantsNote, setNote] = useState(false);
  const [dialog, setDialog] = useState<"template" | MessageKind | null>(null);
  const [isRecording, setRecording] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const moreButton = useRef<HTMLButtonElement>(null);
  const window = useServiceWindow(serviceWindow);
  const canReply = window.isOpen && !contact.blocked;
  // The draft stays a reply or a note when the window ends or opens, or the page is reloaded.
  const [begunAsNote, setBegunAsNote] = useState(() => (draft.text ? (draft.isNote ?? !canReply) : null));
  const isNote = begunAsNote ?? (wantsNote || !canReply);
  const canSend = isNote || canReply;
  const attachments = useAttachments(id, canReply && !isNote);
  const outbox = useOutbox(id);
  const showTyping = useTyping(id);
  const quickReplies = useQuickReplies(account.id, isNote ? null : body, choose);
  const lastId = conversation.lastMessage?.id;
  const anchorId = lastId && !isPending(lastId) ? lastId : draft.anchorId;
  useEffect(() => keepDraft(id, { text: body, isNote: begunAsNote, quoted, anchorId }), [id, body, begunAsNote, quoted, anchorId]);
  useEffect(() => {
    if (quoted) field.current?.focus();
  }, [quoted]);
  const edit = (value: string) => {
    setBody(value);
    setBegunAsNote(value ? isNote : null);
  };
  const write = (asNote: boolean) => {
    setNote(asNote);
    if (asNote || canReply) setBegunAsNote(body ? asNote : null);
    field.current?.focus();
  };
  useShortcuts({ r: () => write(false), n: () => write(true) });

  function choose(reply: QuickReply) {
    edit(reply.text ?? "");
    if (reply.upload) attachments.addUpload(reply.upload);
    field.current?.focus();
  }

  async function send() {
    const sent = body.trim();
    const queue = attachments.list;
    if ((!sent && queue.length === 0) || !canSend) return;
    if (isNote && queue.length > 0) return showToast(text.composer.noteWithoutFiles);
    edit("");
    attachments.clear();
    // A note answers no message: the reply is still to come.
    if (!isNote) onQuote(null);
    onSend();
    if (isNote) {
      if (!(await outbox.addNote(sent))) restore(sent);
      return;
    }
    const captioned = findCaptioned(queue);
    for (const [index, attachment] of queue.entries()) {
      const caption = attachment === captioned ? sent : (attachment.caption ?? "").trim();
      if (await outbox.sendFile(attachment, caption, index === 0 ? quoted : null)) {
        releasePreview(attachment);
        continue;
      }
      attachments.restore(attachment);
      if (attachment === captioned && sent) restore(sent);
    }
    if (!sent || captioned) return;
    if (!(await outbox.sendText(sent, queue.length === 0 ? quoted : null))) restore(sent);
  }

  /** Gives back a text that was refused, unless another one is being written. */
  function restore(sent: string) {
    // The user may have gone to another conversation.
    if (!readDraft(id).text) keepDraft(id, { ...readDraft(id), text: sent, isNote });
    setBody((newer) => newer || sent);
    setBegunAsNote((newer) => newer ?? isNote);
  }

  function onKeyDown(event: KeyboardEvent) {
    if (quickReplies.onKeyDown(event)) return;
    const format = findFormat(event);
    if (format) {
      event.preventDefault();
      return applyFormat(field.current!, format);
    }
    if (event.key === "Escape") field.current?.blur();
    // While a word is composed, as in Japanese, Enter chooses it.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  }

  function onChange(event: ChangeEvent<HTMLTextAreaElement>) {
    edit(event.target.value);
    if (event.target.value.trim() && !event.target.value.startsWith("/")) showTyping(isNote);
  }

  function closeDialog() {
    // The menu item that opened a form is gone.
    if (dialog !== "template") setTimeout(() => moreButton.current?.focus());
    setDialog(null);
  }

  function stopRecording() {
    setRecording(false);
    field.current?.focus();
  }

  const hasFiles = attachments.list.length > 0;
  const isCaption = hasFiles && findCaptioned(attachments.list) !== undefined;
  const replyPlaceholder = isCaption ? text.composer.captionPlaceholder : hasFiles ? own.textFollows : text.composer.replyPlaceholder;
  const target = { conversationId: id, accountId: account.id, onClose: closeDialog, onSend };
  const finishReply = () => {
    onQuote(null);
    onSend();
  };
  return (
    <>
      <div className={styles.composer} data-note={isNote || undefined} {...attachments.dropTarget}>
        {quickReplies.isOpen && <QuickReplyList {...quickReplies} />}
        {quoted && !isNote && <QuotedMessage message={quoted} onRemove={() => onQuote(null)} />}
        {hasFiles && <AttachmentList {...attachments} />}
        <WindowNotice
          window={window}
          isBlocked={contact.blocked}
          hasReply={begunAsNote === false}
          onTemplate={() => setDialog("template")}
          onKeepAsNote={() => write(true)}
        />
        <textarea
          ref={field}
          className={styles.field}
          rows={1}
          dir="auto"
          value={body}
          maxLength={isCaption && !isNote ? MAX_CAPTION : MAX_TEXT}
          placeholder={isNote ? text.composer.notePlaceholder : replyPlaceholder}
          aria-label={isNote ? text.composer.note : text.composer.reply}
          aria-keyshortcuts="r"
          {...quickReplies.fieldProps}
          onChange={onChange}
          onKeyDown={onKeyDown}
          onPaste={attachments.onPaste}
        />
        {isRecording && (
          <Suspense fallback={null}>
            <VoiceRecorder onFinish={attachments.addVoice} onClose={stopRecording} />
          </Suspense>
        )}
        <ComposerTools
          isNote={isNote}
          canReply={canReply}
          isBlocked={contact.blocked}
          canSend={(body.trim() !== "" || hasFiles) && canSend}
          window={window}
          moreButton={moreButton}
          load={LOAD}
          onFiles={attachments.onChoose}
          onKind={setDialog}
          onRecord={() => setRecording(true)}
          onEmoji={(emoji) => (emoji ? insertText(field.current!, emoji) : field.current?.focus())}
          onFormat={(format) => {
            field.current?.focus();
            if (format) applyFormat(field.current!, format);
          }}
          onTemplate={() => setDialog("template")}
          onNote={() => write(!isNote)}
          onSend={() => void send()}
        />
        {attachments.isDragging && <p className={styles.drop}>{text.composer.dropFiles}</p>}
      </div>
      {/* Outside of the drop target: files dropped on the dialog are not of the composer. */}
      <Suspense fallback={null}>
        {dialog === "template" && <TemplateDialog {...target} />}
        {dialog && dialog !== "template" && (
          <SpecialDialog kind={dialog} {...target} quoted={quoted} onSend={finishReply} />
        )}
      </Suspense>
    </>
  );
}
