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

/** A response that is not GraphQL's, for example of a proxy. */
export class UnexpectedResponse extends Error {
  constructor(readonly statusCode: number) {
    super(`The server answered ${statusCode} without a GraphQL response.`);
    this.name = "UnexpectedResponse";
  }
}

interface FirstError {
  extensions?: Record<string, unknown>;
}

function getFirst(error: unknown): FirstError | undefined {
  const errors = Array.isArray(error) ? error : (error as { errors?: unknown } | null)?.errors;
  return Array.isArray(errors) ? errors[0] : undefined;
}

function isNetworkFailure(error: unknown): boolean {
  if (error instanceof TypeError) return true;
  const { statusCode } = (error ?? {}) as { statusCode?: unknown };
  return typeof statusCode === "number" && (statusCode >= 500 || statusCode === 429);
}
