import type { Client } from "graphql-ws";
import { findRetryDelay, getErrorCode, wait } from "../errors.js";
import { findCursor, follow, type EventResult, type Operation } from "./follow.js";

export interface KeepUpOptions {
  /** A subscription with the variable `$after`, which selects `cursor`. */
  operation: Operation;
  /** Takes a cursor (`{ eventCursor }`), then loads the lists, and returns the cursor. */
  load(): Promise<string>;
  /** Handles one event. The cursor advances once it has finished. */
  onEvent(result: EventResult): void | Promise<void>;
  /** Handles the events that came while earlier ones were handled, instead of `onEvent`. */
  onEvents?(results: EventResult[]): void | Promise<void>;
  /** Reports an error. `isFinal` is true if no more events will come. */
  onError(error: unknown, isFinal: boolean): void;
}

/** An event that arrived without data, for example because it was too large. */
export class EventWithoutData extends Error {
  constructor(readonly errors: unknown) {
    super("An event arrived without data.");
    this.name = "EventWithoutData";
  }
}

/**
 * Loads the lists and handles all later events. Returns a function that stops.
 *
 * The lists are loaded again if the cursor expired, if `onEvent` throws, or if an event has no data:
 * so no event is lost. While the server is unavailable, it waits and continues from the cursor.
 */
export function keepUp(client: Pick<Client, "subscribe">, options: KeepUpOptions): () => void {
  const run = new Run(client, options);
  void run.load();
  return () => run.stop();
}

class Run {
  private isStopped = false;
  private failures = 0;
  private cursor: string | null = null;
  private unsubscribe = () => {};

  constructor(
    private readonly client: Pick<Client, "subscribe">,
    private readonly options: KeepUpOptions,
  ) {}

  stop(): void {
    this.isStopped = true;
    this.unsubscribe();
  }

  async load(): Promise<void> {
    try {
      this.cursor = await this.options.load();
    } catch (error) {
      return this.retry(error, findRetryDelay(error, this.failures), () => this.load());
    }
    this.subscribe();
  }

  private subscribe(): void {
    if (this.isStopped) return;
    const { query, variables } = this.options.operation;
    const operation = { query, variables: { ...variables, after: this.cursor } };
    this.unsubscribe = follow(this.client, operation, {
      next: (result) => this.handle([result], () => this.options.onEvent(result)),
      ...(this.options.onEvents && {
        nextAll: (results) => this.handle(results, () => this.options.onEvents!(results)),
      }),
      error: (error) => void this.recover(error),
      complete: () => void this.resubscribe(),
    });
  }

  /** The server ends subscriptions when it stops. */
  private async resubscribe(): Promise<void> {
    await wait(1_000);
    this.subscribe();
  }

  private async handle(results: EventResult[], handler: () => void | Promise<void>): Promise<void> {
    const empty = results.find((result) => !findCursor(result));
    if (empty) throw new EventWithoutData(empty.errors);
    try {
      await handler();
    } catch (error) {
      throw new HandlerFailed(error);
    }
    this.cursor = findCursor(results.at(-1)!)!;
    this.failures = 0;
  }

  private recover(error: unknown): Promise<void> {
    if (getErrorCode(error) === "CURSOR_EXPIRED") return this.load();
    if (error instanceof EventWithoutData) return this.retry(error, this.delay(), () => this.load());
    if (error instanceof HandlerFailed) return this.retry(error.cause, this.delay(), () => this.load());
    return this.retry(error, findRetryDelay(error, this.failures), async () => this.subscribe());
  }

  private delay(): number {
    return this.failures === 0 ? 0 : Math.min(500 * 2 ** this.failures, 30_000);
  }

  private async retry(error: unknown, delay: number | null, again: () => Promise<void>): Promise<void> {
    if (this.isStopped) return;
    this.options.onError(error, delay === null);
    if (delay === null) return;
    this.failures += 1;
    await wait(delay);
    if (!this.isStopped) await again();
  }
}

class HandlerFailed extends Error {
  constructor(cause: unknown) {
    super("The handler of an event failed.", { cause });
  }
}
