/** Returns `extensions.code` of the first error: of a response, of a subscription, or of Apollo Client. */
export function getErrorCode(error: unknown): string | undefined {
  const code = getFirst(error)?.extensions?.["code"];
  return typeof code === "string" ? code : undefined;
}

/**
 * Returns the milliseconds to wait before a failed request is repeated, or null if repeating can't help.
 *
 * @param attempt Number of requests that failed before this one.
 */
export function findRetryDelay(error: unknown, attempt: number): number | null {
  const backOff = Math.min(500 * 2 ** attempt, 30_000);
  const first = getFirst(error);
  // No response: whether the request was executed is not known, so a mutation needs an idempotency key.
  if (!first) return isNetworkFailure(error) ? backOff : null;
  const { code, retryAfter } = first.extensions ?? {};
  if (code === "RATE_LIMITED") return typeof retryAfter === "number" ? retryAfter * 1000 : backOff;
  return code === "SERVICE_UNAVAILABLE" ? backOff : null;
}

export const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Sends a request until it has a response or `signal` is aborted. Raises the error if repeating can't help.
 *
 * @param waitForNetwork Waits after a request without a response.
 */
export async function repeat<Result>(
  send: () => Promise<Result>,
  signal?: AbortSignal,
  waitForNetwork: (milliseconds: number) => Promise<void> = wait,
): Promise<Result> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      const delay = findRetryDelay(error, attempt);
      if (delay === null || signal?.aborted) throw error;
      await (getErrorCode(error) ? wait(delay) : waitForNetwork(delay));
    }
  }
}

/** A response that is not GraphQL's, for example of a proxy. */
export class UnexpectedResponse extends Error {
  constructor(readonly statusCode: number) {
    super(`The server answered ${statusCode} without a GraphQL response.`);
    this.name = "UnexpectedResponse";
  }
}

/** Close code of a WebSocket whose server failed. */
const CLOSED_BY_FAILURE = 1011;

interface FirstError {
  extensions?: Record<string, unknown>;
}

function getFirst(error: unknown): FirstError | undefined {
  const errors = Array.isArray(error) ? error : (error as { errors?: unknown } | null)?.errors;
  return Array.isArray(errors) ? errors[0] : undefined;
}

function isNetworkFailure(error: unknown): boolean {
  if (error instanceof TypeError) return true;
  const { name, code, statusCode } = (error ?? {}) as { name?: unknown; code?: unknown; statusCode?: unknown };
  if (name === "TimeoutError" || code === CLOSED_BY_FAILURE) return true;
  return typeof statusCode === "number" && isOfProxy(statusCode);
}

/** Not found while the server is replaced, timeout, too early, and too many requests. */
const PASSING_STATUSES = [404, 408, 425, 429];

/**
 * Returns true for the status of a response without GraphQL that another one may follow: of a proxy,
 * or of a captive portal, which answers with a page.
 *
 * Other refusals, such as those of a firewall or for a body that is too large, would be repeated.
 */
const isOfProxy = (status: number): boolean => status < 400 || status >= 500 || PASSING_STATUSES.includes(status);
