import { print } from "graphql";
import type { Client } from "graphql-ws";
import { ResumeLiveDocument, type ResumeLiveSubscription } from "../generated/graphql.js";
import { follow } from "./live.js";

type LiveEvent = ResumeLiveSubscription["events"];

/**
 * Loads the lists and follows all later events. `load` takes a cursor (`{ eventCursor }`), loads the
 * lists and returns the cursor. Returns a function that stops.
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
        // Offline for longer than events are kept: load all lists again.
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
