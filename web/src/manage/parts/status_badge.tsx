import { CircleAlert, CircleCheck, CircleDashed, CircleX, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import styles from "./status_badge.module.css";

export type Tone = "good" | "warning" | "bad" | "neutral";

const ICONS: Record<Tone, LucideIcon> = {
  good: CircleCheck,
  warning: CircleAlert,
  bad: CircleX,
  neutral: CircleDashed,
};

/** A state in a word, with a sign and a colour. */
export function StatusBadge({ tone, children }: { tone: Tone; children: ReactNode }) {
  const Icon = ICONS[tone];
  return (
    <span className={styles.badge} data-tone={tone}>
      <Icon size={14} aria-hidden />
      <bdi>{children}</bdi>
    </span>
  );
}
