import { createContext, useContext } from "react";
import { findLanguage, CATALOGUES, type Language } from "./language/language.js";

export type Theme = "system" | "light" | "dark";

/** The user's choices, which the browser keeps. */
export interface Settings {
  theme: Theme;
  language: Language;
  /** True if new messages are announced by the system. */
  notifies: boolean;
  /** True if notifications do not show the message. */
  hidesPreviews: boolean;
  /** True if a sound announces new messages. */
  chimes: boolean;
}

const STORED = "wagraph.settings";

export function loadSettings(): Settings {
  const stored = readStored();
  return {
    theme: stored.theme === "light" || stored.theme === "dark" ? stored.theme : "system",
    language: stored.language && stored.language in CATALOGUES ? stored.language : findLanguage(),
    notifies: stored.notifies === true,
    hidesPreviews: stored.hidesPreviews === true,
    chimes: stored.chimes === true,
  };
}

function readStored(): Partial<Settings> {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? "{}");
  } catch {
    return {};
  }
}

/** Calls a function when another tab has changed the settings. Returns a function that stops. */
export function watchSettings(onChange: (settings: Settings) => void): () => void {
  const listen = ({ key }: StorageEvent) => key === STORED && onChange(loadSettings());
  window.addEventListener("storage", listen);
  return () => window.removeEventListener("storage", listen);
}

export const saveSettings = (settings: Settings): void => localStorage.setItem(STORED, JSON.stringify(settings));

interface SettingsAccess {
  settings: Settings;
  change(part: Partial<Settings>): void;
}

export const SettingsContext = createContext<SettingsAccess | null>(null);

export const useSettings = (): SettingsAccess => useContext(SettingsContext)!;
