import type { Catalogue } from "../../language/en.js";

type WhatsAppReason = keyof Catalogue["refusals"]["whatsapp"];

const CODES: Record<WhatsAppReason, readonly number[]> = {
  undeliverable: [131026],
  closedWindow: [131047],
  marketingLimit: [131049],
  marketingRefused: [131050],
  experiment: [130472],
  pairLimit: [131056],
  rateLimit: [4, 80007, 130429],
  spamLimit: [131048],
  locked: [368, 131031],
  payment: [131042],
  unregistered: [131045, 133010],
  displayName: [131037],
  file: [131052, 131053],
  kind: [131051],
  passing: [1, 2, 131000, 131016, 131057, 133004, 139102, 139103],
  blockList: [139101],
  token: [190],
  permission: [3, 10, 131005],
  self: [131021],
  country: [130497],
  templateMissing: [132001],
  templateFields: [132000, 132012, 132018],
  templateLong: [132005],
  templatePolicy: [132007],
  templatePaused: [132015],
  templateDisabled: [132016],
};

const REASONS = new Map(
  Object.entries(CODES).flatMap(([reason, codes]) => codes.map((code) => [code, reason as WhatsAppReason] as const)),
);

/** Meaning of an error code of WhatsApp; undefined without a text. */
export function explainCode(text: Catalogue, code: number): string | undefined {
  const reason = REASONS.get(code);
  return reason && text.refusals.whatsapp[reason];
}
