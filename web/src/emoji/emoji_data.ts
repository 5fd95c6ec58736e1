import type { Language } from "../language/language.js";

export interface Emoji {
  unicode: string;
  label: string;
  /** Label and other words for it, in lower case and without accents. */
  words: string;
  group: number;
}

/** An entry of emojibase's data. Vite keeps these fields only, see `vite.config.ts`. */
interface Entry {
  unicode: string;
  label: string;
  tags?: string[];
  group: number;
}

const LOADERS: Record<Language, () => Promise<{ default: unknown }>> = {
  en: () => import("emojibase-data/en/compact.json"),
  es: () => import("emojibase-data/es/compact.json"),
};

/** Loads the emoji with their names, in the order of Unicode. */
export async function loadEmoji(language: Language): Promise<Emoji[]> {
  const entries = (await LOADERS[language]()).default as Entry[];
  return entries.map(({ unicode, label, tags = [], group }) => ({
    unicode,
    label,
    words: simplify([label, ...tags].join(" ")),
    group,
  }));
}

export const simplify = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Returns the emoji that have words with all beginnings that were written; those with them in the label first. */
export function findEmoji(emoji: readonly Emoji[], search: string): Emoji[] {
  const beginnings = simplify(search).split(/\s+/u).filter(Boolean);
  const matches = (words: string) => beginnings.every((beginning) => ` ${words}`.includes(` ${beginning}`));
  const found = emoji.filter(({ words }) => matches(words));
  const [named, tagged] = [found.filter(({ label }) => matches(simplify(label))), new Set(found)];
  named.forEach((each) => tagged.delete(each));
  return [...named, ...tagged];
}
