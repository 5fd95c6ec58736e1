import type { Client } from "graphql-ws";

/** A result of a subscription: one event, by the name of the root field. */
export interface EventResult {
  data?: Record<string, any> | null | undefined;
  errors?: readonly unknown[] | undefined;
}

/** Receives the results of a subscription. The next one is delivered once `next` has finished. */
export interface Sink {
  next(result: any): void | Promise<void>;
  /** Receives the results that came while earlier ones were handled, in their order, instead of `next`. */
  nextAll?(results: any[]): void | Promise<void>;
  error(error: any): void;
  complete?(): void;
}

export interface Operation {
  query: string;
  variables?: Record<string, any> | null | undefined;
}

/**
 * Subscribes, and resumes after the last received event on each reconnect. Select `cursor` in the
 * subscription and pass it the variable `after`.
 *
 * Events are handled one after another, in the server's order. If `next` throws, the subscription
 * ends with that error, and no later event is handled. Returns a function that unsubscribes.
 */
export function follow(client: Pick<Client, "subscribe">, operation: Operation, sink: Sink): () => void {
  let after: string | null = operation.variables?.["after"] ?? null;
  const resuming = {
    ...operation.variables,
    // A getter, because the variables are sent again on each connection. Events that wait in the
    // queue are not requested again.
    get after() {
      return after;
    },
  };
  const queue = new Queue(sink, (error) => {
    unsubscribe();
    sink.error(error);
  });
  const unsubscribe = client.subscribe<Record<string, any>>({ query: operation.query, variables: resuming }, {
    next(result) {
      after = findCursor(result) ?? after;
      queue.add(result);
    },
    error: (error) => queue.finish(() => sink.error(error)),
    complete: () => queue.finish(() => sink.complete?.()),
  });
  return () => {
    queue.close();
    unsubscribe();
  };
}

/** Returns the cursor of the event in a subscription's result. */
export function findCursor(result: EventResult): string | undefined {
  return Object.values(result.data ?? {}).find((event) => event?.cursor)?.cursor;
}

/** Maximum number of results handled together: the page is drawn between two batches. */
const BATCH = 100;

/** Delivers results one after another until one fails, then the end. */
class Queue {
  private results: any[] = [];
  private end: (() => void) | undefined;
  private isRunning = false;
  private isClosed = false;

  constructor(
    private readonly sink: Sink,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  add(result: any): void {
    if (this.isClosed) return;
    this.results.push(result);
    if (!this.isRunning) void this.run();
  }

  finish(end: () => void): void {
    if (this.isClosed) return;
    this.end = end;
    if (!this.isRunning) void this.run();
  }

  close(): void {
    this.isClosed = true;
    this.results = [];
    this.end = undefined;
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    try {
      while (this.results.length > 0) await this.deliver();
      this.end?.();
    } catch (error) {
      this.close();
      this.onFailure(error);
    } finally {
      this.isRunning = false;
    }
  }

  private deliver(): void | Promise<void> {
    if (this.sink.nextAll) return this.sink.nextAll(this.results.splice(0, BATCH));
    return this.sink.next(this.results.shift());
  }
}
