import type { TemplateItemFragment, TemplateStatus } from "../../generated/numbers.js";
import { useNameReported } from "../parts/reported.js";
import { StatusBadge, type Tone } from "../parts/status_badge.js";
import { useTemplatesText } from "./texts.js";

const TONES: Partial<Record<TemplateStatus, Tone>> = {
  APPROVED: "good",
  PENDING: "neutral",
  IN_APPEAL: "neutral",
  REJECTED: "bad",
  PAUSED: "warning",
  DISABLED: "bad",
  FLAGGED: "warning",
  LIMIT_EXCEEDED: "bad",
};

export function TemplateStatusBadge({ template: { status, statusName } }: { template: TemplateItemFragment }) {
  const text = useTemplatesText();
  const nameReported = useNameReported();
  const tone = (status && TONES[status]) ?? "neutral";
  return <StatusBadge tone={tone}>{nameReported(text.statuses, status, statusName)}</StatusBadge>;
}
