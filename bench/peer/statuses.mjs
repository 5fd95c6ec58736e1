// The statuses of messages by rank, as in models/messages/message.py: the shown one never goes back.

const NAMES = [
  "RECEIVED", "QUEUED", "SENDING", "UNKNOWN", "ACCEPTED", "HELD",
  "SENT", "FAILED", "DELIVERED", "READ", "PLAYED", "CANCELLED",
];

export const RANKS = Object.fromEntries(NAMES.map((name, position) => [name, position * 10]));
const BY_KEY = new Map(NAMES.map((name) => [name.toLowerCase(), name]));
const REPORTED = new Set([...BY_KEY.keys()].filter((key) => !/received|cancelled/.test(key)));

export const nameOfRank = (rank) => NAMES[rank / 10];

/** The status that Meta's word means, or null for one that has no name here. */
export const readReported = (word) => {
  const key = word.toLowerCase();
  return REPORTED.has(key) ? { key, rank: RANKS[BY_KEY.get(key)] } : null;
};

/** When a message reached each status, the least advanced first. */
export function listHistory(times) {
  const steps = [];
  for (const key in times) {
    const status = BY_KEY.get(key);
    if (status) steps.push({ status, at: times[key] });
  }
  return steps.sort((a, b) => RANKS[a.status] - RANKS[b.status]);
}
