import type { App } from "./connect.js";
import { ClaimDocument, InboxDocument, type InboxQueryVariables, type InboxRowFragment } from "./generated/graphql.js";

/** A list of conversations. Each filter and order is a list of its own; live events keep all of them right. */
export class Inbox {
  private readonly query;

  constructor(
    private readonly app: App,
    private readonly variables: InboxQueryVariables = {},
  ) {
    this.query = app.apollo.watchQuery({ query: InboxDocument, variables });
  }

  /** Calls `show` with the rows now and after each change. Returns a function that stops. */
  watch(show: (rows: InboxRowFragment[]) => void): () => void {
    const subscription = this.query.subscribe(({ data, dataState }) => {
      if (dataState === "complete" && data.conversations) show(data.conversations.nodes);
    });
    return () => subscription.unsubscribe();
  }

  /** Loads the next page. Returns false if there is none. */
  async loadMore(): Promise<boolean> {
    // From the cache: what is shown is a moment older.
    const data = this.app.apollo.readQuery({ query: InboxDocument, variables: this.variables });
    const pageInfo = data?.conversations?.pageInfo;
    if (!pageInfo?.hasNextPage) return false;
    await this.query.fetchMore({ variables: { after: pageInfo.endCursor } });
    return true;
  }
}

/** Takes a conversation. Returns null, or a message if another agent was faster; the row then shows who. */
export async function claim({ apollo }: App, conversationId: string): Promise<string | null> {
  const { data } = await apollo.mutate({ mutation: ClaimDocument, variables: { conversationId } });
  const [error] = data!.claimConversation!.userErrors;
  return error?.message ?? null;
}
