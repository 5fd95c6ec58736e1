/** A size of a file, such as "1.4 MB". */
export function formatSize(language: string, bytes: number): string {
  const [value, unit] = bytes < 1_000_000 ? [Math.max(bytes / 1_000, 0.1), "kilobyte"] : [bytes / 1_000_000, "megabyte"];
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
}
