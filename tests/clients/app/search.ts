import type { App } from "./connect.js";
import { SearchMessagesDocument, type SearchMessagesQuery } from "./generated/graphql.js";

type Hit = NonNullable<SearchMessagesQuery["searchMessages"]>["edges"][number];

/** Returns the newest messages with these words. */
export async function search({ apollo }: App, text: string, conversationId?: string): Promise<Hit[]> {
  const { data } = await apollo.query({
    query: SearchMessagesDocument,
    variables: { text, conversationId },
    // Another search may have other results at any time.
    fetchPolicy: "no-cache",
  });
  return data!.searchMessages!.edges;
}

/** Splits a message's text into parts, of which some are to be marked. */
export function markParts({ node, highlights }: Hit): { text: string; isMarked: boolean }[] {
  const text = node.text ?? "";
  const parts = [];
  let end = 0;
  for (const { start, length } of highlights) {
    parts.push({ text: text.slice(end, start), isMarked: false });
    end = start + length;
    parts.push({ text: text.slice(start, end), isMarked: true });
  }
  parts.push({ text: text.slice(end), isMarked: false });
  return parts.filter((part) => part.text);
}
