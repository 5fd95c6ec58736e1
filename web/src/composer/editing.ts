/**
 * Replaces the selection of a field. Unlike setting its value, the browser can undo the command,
 * and no other way exists that all browsers have.
 */
export function insertText(field: HTMLTextAreaElement, text: string): void {
  field.focus();
  const command = text ? "insertText" : "delete";
  if (document.execCommand(command, false, text)) return;
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

/** The marks of WhatsApp around words, and those at the start of a line. */
export const MARKS = { bold: "*", italic: "_", strike: "~", code: "`" } as const;
export const LINE_MARKS = { bullets: "- ", numbers: "1. ", quote: "> " } as const;

export type Format = keyof typeof MARKS | keyof typeof LINE_MARKS;

export const FORMATS = [...Object.keys(MARKS), ...Object.keys(LINE_MARKS)] as Format[];

/** Keys with Ctrl or ⌘, the same as in WhatsApp. */
export const KEYS: Partial<Record<Format, string>> = { bold: "b", italic: "i", strike: "Shift+x", code: "Shift+m" };

/** Returns the format whose keys were pressed. */
export function findFormat(event: { ctrlKey: boolean; metaKey: boolean; altKey: boolean; shiftKey: boolean; key: string }) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return undefined;
  const pressed = (event.shiftKey ? "Shift+" : "") + event.key.toLowerCase();
  return FORMATS.find((format) => KEYS[format] === pressed);
}

/** Formats the selection, or removes the format. */
export function applyFormat(field: HTMLTextAreaElement, format: Format): void {
  if (format in MARKS) toggleMark(field, MARKS[format as keyof typeof MARKS]);
  else toggleLines(field, format as keyof typeof LINE_MARKS);
}

function toggleMark(field: HTMLTextAreaElement, mark: string): void {
  const { value } = field;
  let [start, end] = [field.selectionStart, field.selectionEnd];
  // WhatsApp ignores marks beside spaces.
  while (start < end && /\s/u.test(value[start]!)) start += 1;
  while (end > start && /\s/u.test(value[end - 1]!)) end -= 1;
  const isMarked = start > 0 && value[start - 1] === mark && value[end] === mark;
  if (isMarked) {
    const inner = value.slice(start, end);
    field.setSelectionRange(start - 1, end + 1);
    insertText(field, inner);
    return field.setSelectionRange(start - 1, end - 1);
  }
  // A mark ends with its line.
  const lines = value.slice(start, end).split("\n");
  const marked = lines.map((line) => (line.trim() || lines.length === 1 ? mark + line + mark : line)).join("\n");
  field.setSelectionRange(start, end);
  insertText(field, marked);
  field.setSelectionRange(start + 1, start + marked.length - 1);
}

function toggleLines(field: HTMLTextAreaElement, format: keyof typeof LINE_MARKS): void {
  const { value } = field;
  const start = value.lastIndexOf("\n", field.selectionStart - 1) + 1;
  const next = value.indexOf("\n", field.selectionEnd);
  const end = next === -1 ? value.length : next;
  const lines = value.slice(start, end).split("\n");
  const prefix = (index: number) => (format === "numbers" ? `${index + 1}. ` : LINE_MARKS[format]);
  const isMarked = lines.every((line, index) => line.startsWith(prefix(index)));
  const changed = lines.map((line, index) => (isMarked ? line.slice(prefix(index).length) : prefix(index) + line));
  field.setSelectionRange(start, end);
  insertText(field, changed.join("\n"));
}
