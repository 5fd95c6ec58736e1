import { makeKey } from "@wagraph/client";
import { placeTimelineItem, repeatOnline } from "@wagraph/client/apollo";
import type { App } from "./connect.js";
import { AddNoteDocument, TimelineDocument, type TimelineQuery } from "./generated/graphql.js";

export type TimelineItem = NonNullable<TimelineQuery["conversation"]>["timeline"]["nodes"][number];

/** Everything that happened in a conversation: messages, calls, notes and changes, newest first. */
export class Timeline {
  private readonly query;

  constructor(
    private readonly app: App,
    private readonly conversationId: string,
  ) {
    this.query = app.apollo.watchQuery({ query: TimelineDocument, variables: { conversationId } });
  }

  /** Calls `show` with the items now and after each change. Returns a function that stops. */
  watch(show: (items: TimelineItem[]) => void): () => void {
    const subscription = this.query.subscribe(({ data, dataState }) => {
      if (dataState === "complete" && data.conversation) show(data.conversation.timeline.nodes);
    });
    return () => subscription.unsubscribe();
  }

  /** Loads older items. Returns false if there are none. */
  async loadOlder(): Promise<boolean> {
    const { conversationId } = this;
    const data = this.app.apollo.readQuery({ query: TimelineDocument, variables: { conversationId } });
    const pageInfo = data?.conversation?.timeline.pageInfo;
    if (!pageInfo?.hasNextPage) return false;
    await this.query.fetchMore({ variables: { after: pageInfo.endCursor } });
    return true;
  }

  /** Adds a note, which only colleagues see. Returns null, or a message why it was refused. */
  async addNote(body: string): Promise<string | null> {
    const { apollo } = this.app;
    // The same key in each attempt: the server adds one note, even if a response was lost.
    const variables = { conversationId: this.conversationId, body, idempotencyKey: makeKey() };
    const add = () =>
      apollo.mutate({
        mutation: AddNoteDocument,
        variables,
        // Shown with the response. Its event changes nothing more.
        update: (cache, { data }) => {
          const note = data?.addNote?.note;
          if (note) placeTimelineItem(cache, "Note", note);
        },
      });
    const { data } = await repeatOnline(apollo, add);
    return data!.addNote!.userErrors[0]?.message ?? null;
  }
}
