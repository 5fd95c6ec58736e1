export interface Coordinates {
  latitude: number;
  longitude: number;
}

const NUMBER = String.raw`(-?\d{1,3}(?:\.\d+)?)`;
/** Coordinates alone, and those in links of Google Maps, OpenStreetMap, Apple Maps and `geo:`. */
const PATTERNS = [
  String.raw`^\s*\(?${NUMBER}°?\s*[,;\s]\s*${NUMBER}°?\)?\s*$`,
  `[?&](?:q|ll|query|center|coordinate|destination)=(?:loc:)?${NUMBER}(?:,|%2C)${NUMBER}`,
  `[?&]mlat=${NUMBER}&mlon=${NUMBER}`,
  `[@/]${NUMBER}[,/]${NUMBER}`,
  `^geo:${NUMBER},${NUMBER}`,
].map((pattern) => new RegExp(pattern, "iu"));

/** Reads coordinates from a text or from the link of a map; null if there are none. */
export function readCoordinates(text: string): Coordinates | null {
  for (const pattern of PATTERNS) {
    const [, latitude, longitude] = (pattern.exec(text) ?? []).map(Number);
    const isPlace = isDegrees(latitude, 90) && isDegrees(longitude, 180);
    if (isPlace) return { latitude: latitude!, longitude: longitude! };
  }
  return null;
}

/** Reads a number with a decimal point or comma; NaN if it is none. */
export const readNumber = (text: string): number => (text.trim() ? Number(text.trim().replace(",", ".")) : NaN);

export const isDegrees = (value: number | undefined, limit: number): boolean =>
  value !== undefined && Math.abs(value) <= limit;
