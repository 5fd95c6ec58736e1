import type { Client } from "graphql-ws";

/** A result of a subscription: one event, by the name of the root field. */
export interface EventResult {
  data?: Record<string, any> | null | undefined;
  errors?: readonly unknown[] | undefined;
}

/** Receives the results of a subscription. The next one is delivered once `next` has finished. */
export interface Sink {
  next(result: any): void | Promise<void>;
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
  const queue = new Queue((error) => {
    unsubscribe();
    sink.error(error);
  });
  const unsubscribe = client.subscribe<Record<string, any>>({ query: operation.query, variables: resuming }, {
    next(result) {
      after = findCursor(result) ?? after;
      queue.add(() => sink.next(result));
    },
    error: (error) => queue.add(() => sink.error(error)),
    complete: () => queue.add(() => sink.complete?.()),
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

/** Runs tasks one after another until one fails. */
class Queue {
  private tasks: (() => void | Promise<void>)[] = [];
  private isRunning = false;
  private isClosed = false;

  constructor(private readonly onFailure: (error: unknown) => void) {}

  add(task: () => void | Promise<void>): void {
    if (this.isClosed) return;
    this.tasks.push(task);
    if (!this.isRunning) void this.run();
  }

  close(): void {
    this.isClosed = true;
    this.tasks = [];
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    try {
      for (let task = this.tasks.shift(); task; task = this.tasks.shift()) await task();
    } catch (error) {
      this.close();
      this.onFailure(error);
    } finally {
      this.isRunning = false;
    }
  }
}
