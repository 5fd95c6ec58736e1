import type { UploadOptions } from "@wagraph/client";
import { sendMessage } from "@wagraph/client/apollo";
import type { App } from "./connect.js";
import {
  HistoryDocument,
  MarkReadDocument,
  type MessageContentInput,
  type MessageRowFragment,
  MessageRowFragmentDoc,
  SendDocument,
  type SendMutation,
} from "./generated/graphql.js";

/** What a message shows while it is on its way. */
const DRAFT: Omit<MessageRowFragment, "id" | "timestamp" | "status"> = {
  direction: "OUTBOUND",
  type: "TEXT",
  text: null,
  editedAt: null,
  deletedAt: null,
  errors: [],
  reactions: [],
  replyTo: null,
  content: null,
};

export class ConversationView {
  private readonly query;

  constructor(
    private readonly app: App,
    private readonly conversationId: string,
  ) {
    this.query = app.apollo.watchQuery({ query: HistoryDocument, variables: { conversationId } });
  }

  /** Calls `show` with the messages, newest first, now and after each change. Returns a function that stops. */
  watch(show: (messages: MessageRowFragment[]) => void): () => void {
    const subscription = this.query.subscribe(({ data, dataState }) => {
      if (dataState === "complete" && data.conversation) show(data.conversation.messages.nodes);
    });
    return () => subscription.unsubscribe();
  }

  /** Loads older messages. Returns false if there are none. */
  async loadOlder(): Promise<boolean> {
    const pageInfo = this.readPageInfo();
    if (!pageInfo?.hasNextPage) return false;
    await this.query.fetchMore({ variables: { after: pageInfo.endCursor } });
    return true;
  }

  /** Loads newer messages, after `jumpTo`. Returns false if the newest is shown. */
  async loadNewer(): Promise<boolean> {
    const pageInfo = this.readPageInfo();
    if (!pageInfo?.hasPreviousPage) return false;
    // `first` has a default in the operation, and only one of both is allowed.
    await this.query.fetchMore({ variables: { last: 30, before: pageInfo.startCursor, first: null } });
    return true;
  }

  /** Shows the messages around one that was found, instead of those that are shown now. */
  async jumpTo(messageId: string): Promise<void> {
    await this.query.fetchMore({ variables: { around: messageId } });
  }

  async markRead(): Promise<void> {
    const { conversationId } = this;
    await this.app.apollo.mutate({ mutation: MarkReadDocument, variables: { conversationId } });
  }

  sendText(body: string): Promise<SendMutation["sendMessage"]> {
    return this.send({ text: { body } }, body);
  }

  /** Sends a picture. `upload` may have `onProgress`, which gets the share that was sent, and `signal`. */
  sendImage(file: File, caption: string, upload: UploadOptions): Promise<SendMutation["sendMessage"]> {
    return this.send({ image: { source: { file }, caption } }, caption, upload);
  }

  /** From the cache: what is shown is a moment older. */
  private readPageInfo() {
    const { conversationId } = this;
    const data = this.app.apollo.readQuery({ query: HistoryDocument, variables: { conversationId } });
    return data?.conversation?.messages.pageInfo;
  }

  private async send(content: MessageContentInput, text: string, upload: UploadOptions = {}) {
    const data = await sendMessage(this.app.apollo, {
      mutation: SendDocument,
      fragment: MessageRowFragmentDoc,
      conversationId: this.conversationId,
      input: { content },
      draft: { ...DRAFT, text },
      upload,
    });
    // Show `userErrors` beside the text field, and keep what the user wrote.
    return data.sendMessage;
  }
}
