/** Characters that change the direction of the following text. */
const CONTROLS = /[\u202A-\u202E\u2066-\u2069]/gu;
const RIGHT_TO_LEFT = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/u;
const [ISOLATE, END] = ["\u2068", "\u2069"];

/**
 * A customer's text for the system's notifications: one line of limited length, which does not change the direction of
 * the text around it.
 */
export function toPlainText(text: string, maxCharacters: number): string {
  const line = text.replace(CONTROLS, "").replace(/\s+/gu, " ").trim();
  const characters = [...line];
  const short = characters.length > maxCharacters ? `${characters.slice(0, maxCharacters - 1).join("")}…` : line;
  return RIGHT_TO_LEFT.test(short) ? ISOLATE + short + END : short;
}
