import type { ManagedAgentFragment } from "../../generated/admin.js";
import { useLanguage } from "../../language/language.js";
import { formatDate, formatMoment } from "../../language/times.js";
import { StatusBadge } from "../parts/status_badge.js";
import { useAgentsText } from "./texts.js";

/** Says whether work can be given to an agent. */
export function AgentState({ agent: { retiredAt, isActive } }: { agent: ManagedAgentFragment }) {
  const text = useAgentsText();
  const language = useLanguage();
  if (retiredAt) return <StatusBadge tone="neutral">{text.retired(formatDate(language, retiredAt))}</StatusBadge>;
  if (!isActive) return <StatusBadge tone="warning">{text.noAccess}</StatusBadge>;
  return <StatusBadge tone="good">{text.active}</StatusBadge>;
}

export function LastSeen({ agent: { isOnline, lastSeenAt } }: { agent: ManagedAgentFragment }) {
  const text = useAgentsText();
  const language = useLanguage();
  if (isOnline) return text.online;
  return lastSeenAt ? formatMoment(language, lastSeenAt) : text.never;
}
