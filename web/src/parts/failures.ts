import type { Catalogue } from "../language/en.js";
import { explainError } from "./refusals/explain_error.js";
import type { Refusal } from "./refusals/explain_refusal.js";
import { showToast } from "./toasts.js";

type Result = { data?: Record<string, { userErrors: readonly Refusal[] } | null> };

/**
 * Waits for a mutation and shows why it failed, if it did: its user errors, or the request's error.
 * Returns true if it was done.
 */
export async function reportFailure(text: Catalogue, work: Promise<unknown>): Promise<boolean> {
  const problem = await describeFailure(text, work);
  if (problem) showToast(problem);
  return !problem;
}

/** Waits for a mutation and returns why it failed, if it did: for dialogs, which cover the toasts. */
export async function describeFailure(text: Catalogue, work: Promise<unknown>): Promise<string | undefined> {
  try {
    const refusal = findRefusal((await work) as Result);
    // The first view does not need the words.
    return refusal && (await import("./refusals/explain_refusal.js")).explainRefusal(text, refusal);
  } catch (error) {
    return explainError(text, error);
  }
}

/** Returns true if the server refused a mutation: unlike after a failure, nothing was done. */
export const isRefused = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    (result) => findRefusal(result as Result) !== undefined,
    () => false,
  );

const findRefusal = ({ data }: Result): Refusal | undefined => Object.values(data ?? {})[0]?.userErrors[0];
