/** The attributes of a contact by their names. */
export type Attributes = Record<string, unknown>;

/** The value as a person reads and writes it. */
export const writeValue = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** Reads what a person wrote: the kind of the value stays if it can. */
export function readValue(written: string, old: unknown): unknown {
  if (old === undefined || typeof old === "string") return written;
  try {
    return JSON.parse(written);
  } catch {
    return written;
  }
}
