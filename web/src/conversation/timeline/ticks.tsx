import { Ban, Check, CheckCheck, CircleAlert, CircleHelp, Clock, type LucideIcon } from "lucide-react";
import type { MessageStatus } from "../../generated/graphql.js";
import { useText } from "../../language/language.js";
import styles from "./ticks.module.css";

const ICONS: Partial<Record<MessageStatus, LucideIcon>> = {
  QUEUED: Clock,
  SENDING: Clock,
  ACCEPTED: Clock,
  HELD: Clock,
  UNKNOWN: CircleHelp,
  SENT: Check,
  DELIVERED: CheckCheck,
  READ: CheckCheck,
  PLAYED: CheckCheck,
  FAILED: CircleAlert,
  CANCELLED: Ban,
};

interface TicksProps {
  status: MessageStatus;
  /** More about the status, such as its time. */
  detail?: string;
}

export function Ticks({ status, detail }: TicksProps) {
  const text = useText();
  const Icon = ICONS[status];
  if (!Icon) return null;
  const label = detail ? `${text.status[status]}, ${detail}` : text.status[status];
  return (
    <span className={styles.ticks} data-status={status} title={label}>
      <Icon size={15} aria-hidden />
      <span className="hidden-text">{label}</span>
    </span>
  );
}
