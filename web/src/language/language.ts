import { createContext, useContext } from "react";
import { en, type Catalogue } from "./en.js";

export type Language = "en" | "es";

/** English until another catalogue is loaded. */
export const CATALOGUES: Record<Language, Catalogue> = { en, es: en };

/** Loads the texts of the language, which the first view does not carry for others. */
export async function loadCatalogue(language: Language): Promise<void> {
  if (language === "es") CATALOGUES.es = (await import("./es.js")).es;
}

export const LANGUAGE_NAMES: Record<Language, string> = { en: "English", es: "Español" };

export const LanguageContext = createContext<Language>("en");

export const useLanguage = (): Language => useContext(LanguageContext);

/** The texts in the user's language. */
export const useText = (): Catalogue => CATALOGUES[useLanguage()];

/**
 * The hook for texts of a part that is loaded later, so that the first view does not carry them.
 * A part keeps them in a file `texts.ts` of its own.
 */
export const makeTexts =
  <T>(texts: Record<Language, T>) =>
  (): T =>
    texts[useLanguage()];

/** The first language of the browser that there are texts for. */
export function findLanguage(preferred: readonly string[] = navigator.languages): Language {
  const known = preferred.map((language) => language.slice(0, 2)).find((language) => language in CATALOGUES);
  return (known as Language | undefined) ?? "en";
}
