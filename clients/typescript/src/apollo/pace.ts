import { ApolloLink, type OperationVariables } from "@apollo/client";
import { Observable, tap, type Subscription } from "rxjs";

/** `extensions.cost` of a response. A server without rate limits has no budget. */
interface Cost {
  requested: number | null;
  used: number | null;
  remaining: number | null;
  restoreRate: number | null;
}

/** The share of the budget that is left to what has no `extensions`: subscriptions, and other tabs of the user. */
const RESERVE = 0.1;

/**
 * Delays each request until the budget of the credential covers it, as the server states it in its responses.
 * The server would refuse an earlier one.
 */
export class RequestPace {
  /** The last cost of each operation, by its name and page sizes. */
  private readonly costs = new Map<string, number>();
  private size = Infinity;
  private perSecond = 0;
  /** What is left of the budget at `levelAt`, as far as it is known. */
  private level = Infinity;
  private levelAt = 0;

  readonly link = new ApolloLink((operation, forward) => {
    const key = makeKey(operation);
    return new Observable((sink) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      let request: Subscription | undefined;
      const start = () => {
        const cost = this.costs.get(key) ?? 1;
        const wait = this.findWait(cost);
        if (wait > 0) {
          timer = setTimeout(start, wait);
          return;
        }
        this.take(cost);
        const responses = forward(operation).pipe(tap(({ extensions }) => this.record(key, cost, extensions?.["cost"])));
        request = responses.subscribe(sink);
      };
      start();
      return () => {
        clearTimeout(timer);
        request?.unsubscribe();
      };
    });
  });

  /** Returns the milliseconds until the budget covers `cost`. A full budget is enough for any request. */
  private findWait(cost: number): number {
    this.take(0);
    const missing = Math.min(cost + RESERVE * this.size, this.size) - this.level;
    return missing > 0 ? Math.ceil((missing / this.perSecond) * 1_000) : 0;
  }

  private take(cost: number): void {
    const now = performance.now();
    const restored = ((now - this.levelAt) / 1_000) * this.perSecond;
    this.level = Math.min(this.size, this.level + restored) - cost;
    this.levelAt = now;
  }

  /** Corrects the level. The server may have read its own before it got the requests that were sent since. */
  private record(key: string, expected: number, cost: Cost | undefined): void {
    if (!cost) return;
    const { requested, used, remaining, restoreRate } = cost;
    if (requested !== null) this.costs.set(key, requested);
    if (used === null || remaining === null || !restoreRate) return;
    this.take(Math.max(0, (requested ?? 0) - expected));
    this.size = used + remaining;
    this.perSecond = restoreRate;
    this.level = Math.min(this.level, remaining);
  }
}

/** The cost of an operation depends on numbers and lengths of lists. */
function makeKey({ operationName, variables }: { operationName?: string | undefined; variables: OperationVariables }): string {
  const sizes = Object.entries(variables).map(([name, value]) => [name, Array.isArray(value) ? value.length : value]);
  return JSON.stringify([operationName, ...sizes.filter(([, value]) => typeof value === "number")]);
}
