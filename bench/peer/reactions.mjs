// Which of the stored reactions of a message stand, as in whatsapp/messages/reactions.py.

const FAILED = 2;
const place = (one) => `${one.at.toISOString()} ${one.wamid ?? ""} ${one.message_id ?? ""}`;
const inOrder = (a, b) => (place(a) < place(b) ? -1 : 1);

/** The newest of each writer, without what failed and what was taken back. */
export function listStanding(reactions) {
  if (!reactions?.length) return [];
  const newest = new Map();
  for (const one of [...reactions].sort(inOrder)) {
    if (one.stage !== FAILED) newest.set(one.contact_id?.toHexString() ?? null, one);
  }
  return [...newest.values()].filter((one) => one.emoji).sort(inOrder);
}
