import { useApolloClient } from "@apollo/client/react";
import { makeKey } from "@wagraph/client";
import { makePendingId, repeatOnline } from "@wagraph/client/apollo";
import { useSend } from "@wagraph/client/react";
import { useRef } from "react";
import { setUpload } from "../conversation/timeline/uploads.js";
import { useViewer } from "../connection/viewer.js";
import {
  AddNoteDocument,
  MessageItemFragmentDoc,
  SendDocument,
  type MessageContentInput,
  type MessageItemFragment,
} from "../generated/graphql.js";
import { useText } from "../language/language.js";
import { reportFailure } from "../parts/failures.js";
import type { QuotedPart } from "./drafts.js";
import { MESSAGE_TYPES, hasCaption, type Attachment } from "./files/file_kinds.js";
import { warnMeanwhile } from "./leaving.js";

/** Fields of a message while it is being sent. */
const DRAFT: Omit<MessageItemFragment, "__typename" | "id" | "timestamp" | "status"> = {
  direction: "OUTBOUND",
  type: "TEXT",
  text: null,
  statusHistory: [],
  editedAt: null,
  deletedAt: null,
  forwarded: false,
  errors: [],
  reactions: [],
  replyTo: null,
  referral: null,
  sender: null,
  content: null,
};

/** A note that could not be sent for so long is given back. */
const NOTE_MILLISECONDS = 5_000;

interface Outbox {
  /** Sends a text; returns false if it was refused, which is shown. */
  sendText(body: string, quoted: QuotedPart | null): Promise<boolean>;
  sendFile(attachment: Attachment, caption: string, quoted: QuotedPart | null): Promise<boolean>;
  addNote(body: string): Promise<boolean>;
}

/** Sends messages of a conversation, which are shown at once. */
export function useOutbox(conversationId: string): Outbox {
  const text = useText();
  const { agent } = useViewer();
  const send = useSend(SendDocument, MessageItemFragmentDoc, DRAFT);
  const apollo = useApolloClient();
  /** Of the last note: if its response was lost, the user may send the same text again. */
  const noteKey = useRef({ note: "", key: "" });
  const base = (quoted: QuotedPart | null) => ({
    sender: agent && { __typename: "AgentSender", agent },
    replyTo: quoted,
  });
  const inputOf = (quoted: QuotedPart | null) => (quoted ? { replyToMessageId: quoted.id } : {});

  return {
    sendText(body, quoted) {
      const content: MessageContentInput = { text: { body } };
      const draft = { ...base(quoted), text: body, content: { __typename: "TextContent", body } };
      const sending = send(conversationId, content, { input: inputOf(quoted), draft });
      return warnMeanwhile(reportFailure(text, sending.then((data) => ({ data }))));
    },
    async sendFile(attachment, caption, quoted) {
      const idempotencyKey = makeKey();
      const id = makePendingId(idempotencyKey);
      const abort = new AbortController();
      const cancel = () => abort.abort();
      const isUpload = "file" in attachment.source;
      if (isUpload) setUpload(id, { share: 0, cancel });
      const sending = send(conversationId, makeFileContent(attachment, caption), {
        input: { ...inputOf(quoted), idempotencyKey },
        draft: {
          ...base(quoted),
          type: MESSAGE_TYPES[attachment.kind],
          text: caption || null,
          content: draftFile(attachment, caption),
        },
        upload: { onProgress: (share) => isUpload && setUpload(id, { share, cancel }), signal: abort.signal },
      });
      try {
        return await warnMeanwhile(reportFailure(text, sending.then((data) => ({ data }))));
      } finally {
        setUpload(id, null);
      }
    },
    async addNote(body) {
      const note = conversationId + body;
      if (noteKey.current.note !== note) noteKey.current = { note, key: makeKey() };
      const input = { conversationId, body, idempotencyKey: noteKey.current.key };
      const add = () => apollo.mutate({ mutation: AddNoteDocument, variables: { input } });
      // Nothing shows that the note is on its way, so the user gets it back soon.
      const adding = repeatOnline(apollo, add, AbortSignal.timeout(NOTE_MILLISECONDS));
      const isDone = await warnMeanwhile(reportFailure(text, adding));
      if (isDone) noteKey.current = { note: "", key: "" };
      return isDone;
    },
  };
}

function makeFileContent({ kind, name, source, isVoice }: Attachment, caption: string): MessageContentInput {
  const withCaption = { source, ...(caption && hasCaption(kind) && { caption }) };
  switch (kind) {
    case "IMAGE":
      return { image: withCaption };
    case "VIDEO":
      return { video: withCaption };
    case "AUDIO":
      return { audio: { source, voice: isVoice } };
    case "STICKER":
      return { sticker: { source } };
    case "DOCUMENT":
      return { document: { ...withCaption, filename: name } };
  }
}

function draftFile({ kind, name, mimeType, url, source, isVoice }: Attachment, caption: string) {
  return {
    __typename: "MediaContent",
    kind,
    state: "STORED",
    url,
    mimeType,
    filename: name,
    caption: caption || null,
    voice: isVoice,
    sizeBytes: "file" in source ? source.file.size : null,
    animated: false,
  };
}
