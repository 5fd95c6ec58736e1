import { print } from "graphql";
import type { Client } from "graphql-ws";
import { ResumeLiveDocument, type ResumeLiveSubscription } from "../generated/graphql.js";
import { follow } from "./live.js";

type LiveEvent = ResumeLiveSubscription["events"];

/**
 * Loads, and follows what happens from then on. `load` takes a cursor (`{ eventCursor }`), then loads
 * the lists, and returns the cursor. Returns what ends it.
 */
export function keepUp(
  live: Client,
  load: () => Promise<string>,
  onEvent: (event: LiveEvent) => void,
  onError: (error: unknown) => void,
): () => void {
  let stop = () => {};
  let stopped = false;
  const begin = async () => {
    const after = await load();
    if (stopped) return;
    stop = follow(live, { query: print(ResumeLiveDocument), variables: { after } }, {
      next: ({ data }) => data && onEvent(data.events),
      error(errors) {
        // Away for longer than events are kept: all lists anew.
        if (getCode(errors) === "CURSOR_EXPIRED") begin().catch(onError);
        else onError(errors);
      },
    });
  };
  begin().catch(onError);
  return () => {
    stopped = true;
    stop();
  };
}

const getCode = (errors: unknown) =>
  Array.isArray(errors) ? (errors[0]?.extensions?.code as string | undefined) : undefined;
