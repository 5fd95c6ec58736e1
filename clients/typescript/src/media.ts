/** Loads the current URL of a message's file from the server; null if there is none. */
export type LoadUrl = (messageId: string) => Promise<string | null>;

/** A URL is renewed this long before it expires. */
const MARGIN_MILLISECONDS = 60_000;
/** After a failure, and between renewals: a clock that is ahead takes each new URL for expired. */
const PAUSE_MILLISECONDS = 30_000;
/** Timers of browsers can't wait longer. */
const MAX_TIMER_MILLISECONDS = 2 ** 31 - 1;

/** Gives URLs of files that have not expired. */
export class MediaUrls {
  private readonly urls = new Map<string, string>();
  private readonly loading = new Map<string, Promise<string | null>>();

  constructor(
    private readonly load: LoadUrl,
    private readonly now: () => number = Date.now,
  ) {}

  /** Returns a URL that is valid for a minute or more. `known` is the URL that the message came with. */
  async get(messageId: string, known: string | null = null): Promise<string | null> {
    for (const url of [this.urls.get(messageId), known]) {
      if (url && this.findExpiry(url) - MARGIN_MILLISECONDS > this.now()) return url;
    }
    return this.renew(messageId);
  }

  /** Loads a new URL, once for all callers that wait. Call it if a URL is refused. */
  renew(messageId: string): Promise<string | null> {
    const loading = this.loading.get(messageId) ?? this.loadOnce(messageId);
    this.loading.set(messageId, loading);
    return loading;
  }

  /** Calls `show` with a valid URL now, and with each new one before it expires. Returns a function that stops. */
  watch(messageId: string, known: string | null, show: (url: string) => void): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isStopped = false;
    const wait = (delay: number) => (timer = setTimeout(() => void next(), Math.min(delay, MAX_TIMER_MILLISECONDS)));
    const next = async () => {
      try {
        const url = await this.get(messageId, known);
        if (isStopped || !url) return;
        show(url);
        const delay = this.findExpiry(url) - MARGIN_MILLISECONDS - this.now();
        if (delay < Infinity) wait(Math.max(delay, url === known ? 1_000 : PAUSE_MILLISECONDS));
      } catch {
        if (!isStopped) wait(PAUSE_MILLISECONDS);
      }
    };
    void next();
    return () => {
      isStopped = true;
      clearTimeout(timer);
    };
  }

  private async loadOnce(messageId: string): Promise<string | null> {
    try {
      const url = await this.load(messageId);
      if (url) this.urls.set(messageId, url);
      return url;
    } finally {
      this.loading.delete(messageId);
    }
  }

  /** Returns the time in milliseconds at which a URL expires; links of others do not. */
  private findExpiry(url: string): number {
    const expires = new URL(url).searchParams.get("expires");
    return expires ? Number(expires) * 1000 : Infinity;
  }
}
