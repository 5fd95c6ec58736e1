import { findRetryDelay, getErrorCode } from "@wagraph/client";
import type { Catalogue } from "../../language/en.js";

/** Explains why a request failed. */
export function explainError(text: Catalogue, error: unknown): string {
  const words = text.refusals;
  switch (getErrorCode(error)) {
    case "FORBIDDEN":
      return words.forbidden;
    case "RATE_LIMITED":
      return words.rateLimited;
    case "SERVICE_UNAVAILABLE":
      return words.unavailable;
    case undefined:
      return findRetryDelay(error, 0) === null ? text.somethingFailed : text.unreachable;
    default:
      return text.somethingFailed;
  }
}
