const STORED = "wagraph.emoji";
const MAX_RECENT = 16;

/** Returns the emoji that were used last, newest first. */
export function readRecent(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORED) ?? "[]");
    return Array.isArray(stored) ? stored.filter((emoji) => typeof emoji === "string").slice(0, MAX_RECENT) : [];
  } catch {
    return [];
  }
}

export function keepRecent(emoji: string): void {
  const recent = [emoji, ...readRecent().filter((other) => other !== emoji)];
  localStorage.setItem(STORED, JSON.stringify(recent.slice(0, MAX_RECENT)));
}
