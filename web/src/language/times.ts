import type { Catalogue } from "./en.js";
import type { Language } from "./language.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const formats = new Map<string, Intl.DateTimeFormat>();

function getFormat(language: Language, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${name}`;
  // The browser's region decides between 17:00 and 5 pm.
  const locale = navigator.languages.find((preferred) => preferred.startsWith(language)) ?? language;
  const format = formats.get(key) ?? new Intl.DateTimeFormat(locale, options);
  formats.set(key, format);
  return format;
}

/** The time of day, such as "10:32". */
export const formatTime = (language: Language, time: string): string =>
  getFormat(language, "time", { hour: "2-digit", minute: "2-digit" }).format(new Date(time));

/** Day and time, such as "3 May 2026, 10:32". */
export const formatMoment = (language: Language, time: string): string =>
  getFormat(language, "moment", { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));

export const formatDate = (language: Language, time: string): string =>
  getFormat(language, "date", { dateStyle: "long" }).format(new Date(time));

/** The month, such as "May 2026". */
export const formatMonth = (language: Language, time: string): string =>
  getFormat(language, "month", { month: "long", year: "numeric" }).format(new Date(time));

/** Identifies the local month of a time. */
export function findMonth(time: string): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${date.getMonth()}`;
}

/** Identifies the local day of a time. */
export const findDay = (time: string): string => new Date(time).toDateString();

/** The line above the messages of a day: "Today", "Yesterday", a weekday or a date. */
export function formatDay(text: Catalogue, language: Language, time: string, now = Date.now()): string {
  const day = findDay(time);
  if (day === new Date(now).toDateString()) return text.today;
  if (day === new Date(now - DAY).toDateString()) return text.yesterday;
  const isRecent = now - Date.parse(time) < 6 * DAY;
  if (isRecent) return getFormat(language, "weekday", { weekday: "long" }).format(new Date(time));
  return formatDate(language, time);
}

/** The time in a row of the list: of today the time, else the day. */
export function formatShort(text: Catalogue, language: Language, time: string, now = Date.now()): string {
  if (findDay(time) === new Date(now).toDateString()) return formatTime(language, time);
  if (now - Date.parse(time) < 6 * DAY) return formatDay(text, language, time, now);
  return getFormat(language, "short", { day: "numeric", month: "short" }).format(new Date(time));
}

/** A duration in words, such as "3 h 20 min". */
export function formatDuration(language: Language, milliseconds: number): string {
  const format = (value: number, unit: "day" | "hour" | "minute") =>
    new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(value);
  if (milliseconds >= 2 * DAY) return format(Math.floor(milliseconds / DAY), "day");
  const hours = Math.floor(milliseconds / HOUR);
  const minutes = Math.max(Math.floor((milliseconds % HOUR) / MINUTE), hours > 0 ? 0 : 1);
  const parts = [...(hours > 0 ? [format(hours, "hour")] : []), ...(minutes > 0 ? [format(minutes, "minute")] : [])];
  return parts.join(" ");
}

/** Seconds as "1:05". */
export function formatClock(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.max(Math.floor(seconds), 0) : 0;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
