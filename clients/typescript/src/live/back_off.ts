import { wait } from "../errors.js";

/** A connection that was open for so long is stable: the network that cut it is good again. */
const STABLE_MILLISECONDS = 10_000;
/** Connections that are cut soon, one after another, count as so many failures at most: the network works. */
const MAX_CUTS = 2;
const MAX_MILLISECONDS = 30_000;

/** Delays of reconnects. They grow with each failure and each short connection, and differ from those of other clients. */
export class BackOff {
  private openedAt: number | undefined;
  private cuts = 0;

  readonly recordOpened = (): void => {
    this.openedAt ??= Date.now();
  };

  readonly recordClosed = (): void => {
    if (this.openedAt === undefined) return;
    const isStable = Date.now() - this.openedAt >= STABLE_MILLISECONDS;
    this.cuts = isStable ? 0 : this.cuts + 1;
    this.openedAt = undefined;
  };

  /** Waits before an attempt, but no longer than until the browser is online again. */
  readonly wait = (retries: number): Promise<void> => {
    // The first cut of a connection may happen to any network.
    const failures = retries + Math.min(Math.max(this.cuts - 1, 0), MAX_CUTS);
    return waitUntilOnline(Math.min(1_000 * 2 ** failures, MAX_MILLISECONDS) * (0.5 + Math.random() / 2));
  };
}

async function waitUntilOnline(milliseconds: number): Promise<void> {
  let wake = () => {};
  const online = new Promise<void>((resolve) => (wake = resolve));
  // Node has no such event.
  globalThis.addEventListener?.("online", wake);
  await Promise.race([wait(milliseconds), online]);
  globalThis.removeEventListener?.("online", wake);
}
