import { useApolloClient } from "@apollo/client/react";
import { useState } from "react";
import {
  DiscardItemsDocument,
  FailedItemIdsDocument,
  ReplayItemsDocument,
  type FailedItemIdsQuery,
  type FailedItemIdsQueryVariables,
} from "../../generated/admin.js";
import { useFailedText } from "./texts.js";

type Page = NonNullable<FailedItemIdsQuery["parkedItems"]>;
type Action = "replay" | "discard";

interface AllItems {
  isBusy: boolean;
  /** Text about the progress or the result. */
  outcome: string;
  run(action: Action): Promise<void>;
}

/** Replays or discards all items of a list, 100 at a time. `onDone` is called when that has ended. */
export function useAllItems(variables: FailedItemIdsQueryVariables, onDone: () => void): AllItems {
  const text = useFailedText();
  const apollo = useApolloClient();
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState("");

  async function* listPages(): AsyncGenerator<Page> {
    for (let after: string | null | undefined = null; after !== undefined; ) {
      const page = await loadPage(after);
      yield page;
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : undefined;
    }
  }

  async function loadPage(after: string | null): Promise<Page> {
    const { data } = await apollo.query({
      query: FailedItemIdsDocument,
      variables: { ...variables, after },
      fetchPolicy: "no-cache",
    });
    return data!.parkedItems!;
  }

  /** Returns how many of the items are still parked. */
  async function change(action: Action, ids: string[]): Promise<number> {
    const mutation = action === "replay" ? ReplayItemsDocument : DiscardItemsDocument;
    const { data } = await apollo.mutate<Record<string, Payload | null>>({ mutation, variables: { ids } });
    const payload = Object.values(data ?? {})[0];
    return payload?.parkedItems?.filter(({ state }) => state === "PARKED").length ?? ids.length;
  }

  async function run(action: Action): Promise<void> {
    let [done, failed] = [0, 0];
    setBusy(true);
    setOutcome(text.progress(0));
    try {
      for await (const { nodes } of listPages()) {
        if (nodes.length > 0) failed += await change(action, nodes.map(({ id }) => id));
        done += nodes.length;
        setOutcome(text.progress(done));
      }
      setOutcome(action === "replay" ? text.replayedAll(done - failed, failed) : text.discardedAll(done - failed));
    } catch {
      setOutcome(text.stopped(done));
    } finally {
      setBusy(false);
      onDone();
    }
  }

  return { isBusy, outcome, run };
}

interface Payload {
  parkedItems: { state: string }[] | null;
}
