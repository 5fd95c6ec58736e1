import { ApolloLink, type ApolloClient } from "@apollo/client";
import { Observable } from "rxjs";
import { wait } from "../errors.js";
import { hasFiles } from "../upload.js";

/** Knows which queries and mutations have no response yet. */
export class RequestTracker {
  private readonly pending = new Set<Promise<void>>();

  readonly link = new ApolloLink((operation, forward) => {
    // Uploads take minutes, and events do not wait for them.
    if (hasFiles(operation.variables)) return forward(operation);
    return new Observable((sink) => {
      let finish = () => {};
      const request = new Promise<void>((resolve) => (finish = resolve));
      this.pending.add(request);
      const subscription = forward(operation).subscribe(sink);
      return () => {
        subscription.unsubscribe();
        this.pending.delete(request);
        finish();
      };
    });
  });

  /**
   * Waits until the cache has the responses of all requests that were sent before this call.
   *
   * A response that was made before an event must not be written after it.
   */
  async settle(): Promise<void> {
    if (this.pending.size === 0) return;
    await Promise.all(this.pending);
    // Apollo Client writes a response some microtasks after the link delivered it.
    await wait(0);
  }
}

const trackers = new WeakMap<ApolloClient, RequestTracker>();

export function setTracker(apollo: ApolloClient, tracker: RequestTracker): void {
  trackers.set(apollo, tracker);
}

/** Waits for the responses to earlier requests of a client made by `createApollo`. */
export async function settleRequests(apollo: ApolloClient): Promise<void> {
  await trackers.get(apollo)?.settle();
}
