import { useApolloClient } from "@apollo/client/react";
import { useState } from "react";
import { HandOverDocument, OpenConversationsOfDocument, type OpenConversationsOfQuery } from "../../generated/admin.js";

type Page = OpenConversationsOfQuery["conversations"] | undefined;

interface Result {
  done: number;
  /** Conversations to whose number the colleague has no access. */
  refused: number;
}

interface HandOver {
  handOver(assigneeId: string | null): Promise<Result>;
  /** Number of conversations that were handed over so far. */
  progress: number;
}

/** Assigns the open conversations of an agent, page after page. */
export function useHandOver(agentId: string): HandOver {
  const apollo = useApolloClient();
  const [progress, setProgress] = useState(0);

  async function load(after: string | null): Promise<Page> {
    const { data } = await apollo.query({
      query: OpenConversationsOfDocument,
      variables: { agentId, after },
      fetchPolicy: "no-cache",
    });
    return data?.conversations;
  }

  async function assign(conversationId: string, assigneeId: string | null): Promise<keyof Result | null> {
    const variables = { conversationId, agentId, assigneeId };
    const { data } = await apollo.mutate({ mutation: HandOverDocument, variables });
    const code = data?.assignConversation?.userErrors[0]?.code;
    if (!code) return "done";
    // Another person has taken it meanwhile, or it was deleted.
    return code === "CONFLICT" || code === "NOT_FOUND" ? null : "refused";
  }

  async function handOver(assigneeId: string | null): Promise<Result> {
    const result: Result = { done: 0, refused: 0 };
    for (let after: string | null | undefined = null; after !== undefined; ) {
      const page: Page = await load(after);
      for (const { id } of page?.nodes ?? []) {
        const outcome = await assign(id, assigneeId);
        if (outcome) result[outcome] += 1;
        setProgress(result.done);
      }
      after = page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : undefined;
    }
    return result;
  }

  return { handOver, progress };
}
