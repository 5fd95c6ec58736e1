import type { AccountCheckName, AccountItemFragment } from "../../../generated/numbers.js";

type Checks = NonNullable<AccountItemFragment["lastCheck"]>["checks"];

/** The state of a check: without a valid token most are not run. */
export type CheckState = "passed" | "failed" | "pending";

export function findState(checks: Checks | undefined, name: AccountCheckName): CheckState {
  const result = checks?.find((check) => check.name === name);
  if (!result) return "pending";
  if (result.ok) return "passed";
  const hasToken = checks!.some((check) => check.name === "TOKEN" && check.ok);
  return hasToken || name === "TOKEN" || name === "APP_SECRET" ? "failed" : "pending";
}

export const countFailed = (checks: Checks): number =>
  checks.filter(({ name }) => findState(checks, name) === "failed").length;
