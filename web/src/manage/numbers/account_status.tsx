import type { AccountItemFragment } from "../../generated/numbers.js";
import { StatusBadge } from "../parts/status_badge.js";
import { countFailed } from "./checks/results.js";
import { useNumbersText } from "./texts.js";

/** Says in a word whether a number works. */
export function AccountStatus({ account: { enabled, health, lastCheck } }: { account: AccountItemFragment }) {
  const text = useNumbersText();
  const failed = lastCheck ? countFailed(lastCheck.checks) : 0;
  if (!enabled) return <StatusBadge tone="neutral">{text.disabled}</StatusBadge>;
  if (health.state === "STOPPED") return <StatusBadge tone="bad">{text.stopped}</StatusBadge>;
  if (failed > 0) return <StatusBadge tone="warning">{text.problems(failed)}</StatusBadge>;
  return <StatusBadge tone="good">{text.works}</StatusBadge>;
}
