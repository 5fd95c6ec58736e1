/** A part of a message's text. */
export type Part =
  | { kind: "text"; text: string }
  | { kind: "link"; text: string; url: string }
  | { kind: "code"; text: string }
  | { kind: "bold" | "italic" | "strike"; parts: Part[] };

export type Block =
  | { kind: "paragraph"; parts: Part[] }
  | { kind: "quote"; parts: Part[] }
  | { kind: "code"; text: string }
  | { kind: "list"; start: number | null; items: Part[][] };

const STYLES = { "*": "bold", _: "italic", "~": "strike" } as const;
type Mark = keyof typeof STYLES;

// Characters that change the text direction end a link, which must be readable as the URL it opens.
const LINK = /(?:https?:\/\/|www\.)[^\s<>"\p{Cc}\p{Cf}]+/iuy;
const LINK_END = /[.,;:!?'")\]}*_~]+$/u;
const WORD = /[\p{L}\p{N}]/u;

/** Reads WhatsApp's formatting: blocks of code, quotes, lists, and marks within lines. */
export function parseBlocks(text: string): Block[] {
  return text
    .split(/```([\s\S]+?)```/u)
    .flatMap((part, index) => (index % 2 === 1 ? [{ kind: "code" as const, text: part.replace(/^\n|\n$/gu, "") }] : readLines(part)));
}

function readLines(text: string): Block[] {
  if (text.trim() === "") return [];
  const blocks: Block[] = [];
  for (const line of text.replace(/^\n|\n$/gu, "").split("\n")) addLine(blocks, line);
  return blocks;
}

function addLine(blocks: Block[], line: string): void {
  const last = blocks.at(-1);
  const quote = /^> ?(.*)$/u.exec(line);
  const item = /^(?:[-*] |(\d{1,3})\. )(.+)$/u.exec(line);
  if (item) {
    const start = item[1] ? Number(item[1]) : null;
    const parts = parseParts(item[2]!);
    if (last?.kind === "list" && (last.start === null) === (start === null)) last.items.push(parts);
    else blocks.push({ kind: "list", start, items: [parts] });
    return;
  }
  const kind = quote ? "quote" : "paragraph";
  const parts = parseParts(quote ? quote[1]! : line);
  if (last?.kind === kind) last.parts.push({ kind: "text", text: "\n" }, ...parts);
  else blocks.push({ kind, parts });
}

/** Reads the marks and links of a line. */
export function parseParts(line: string, used = ""): Part[] {
  const parts: Part[] = [];
  // Marks that are not closed in the rest of the line: a line of marks only is read once.
  let unclosed = used;
  let plain = "";
  const add = (part: Part) => {
    if (plain) parts.push({ kind: "text", text: plain });
    plain = "";
    parts.push(part);
  };
  for (let index = 0; index < line.length; ) {
    const character = line[index]!;
    const link = isWordAt(line, index - 1) ? null : readLink(line, index);
    if (link) {
      add(link);
      index += link.text.length;
      continue;
    }
    if ((character in STYLES || character === "`") && !unclosed.includes(character)) {
      const end = findClosing(line, index, character);
      if (end === -1) unclosed += character;
      if (end > 0) {
        const inner = line.slice(index + 1, end);
        const style = STYLES[character as Mark];
        add(style ? { kind: style, parts: parseParts(inner, used + character) } : { kind: "code", text: inner });
        index = end + 1;
        continue;
      }
    }
    plain += character;
    index += 1;
  }
  if (plain) parts.push({ kind: "text", text: plain });
  return parts;
}

/** Returns the text of the parts without their marks. */
export const joinParts = (parts: Part[]): string =>
  parts.map((part) => ("parts" in part ? joinParts(part.parts) : part.text)).join("");

function readLink(line: string, index: number): (Part & { kind: "link" }) | null {
  LINK.lastIndex = index;
  const text = LINK.exec(line)?.[0].replace(LINK_END, "");
  if (!text) return null;
  const url = URL.parse(/^www\./iu.test(text) ? `https://${text}` : text);
  return url && url.hostname.includes(".") ? { kind: "link", text, url: url.href } : null;
}

/** Returns the place of the closing mark, 0 if this one opens nothing, or -1 if no later one closes. */
function findClosing(line: string, open: number, mark: string): number {
  if (isWordAt(line, open - 1) || isSpaceAt(line, open + 1)) return 0;
  for (let end = line.indexOf(mark, open + 1); end !== -1; end = line.indexOf(mark, end + 1)) {
    if (end > open + 1 && !isSpaceAt(line, end - 1) && !isWordAt(line, end + 1)) return end;
  }
  return -1;
}

const isWordAt = (line: string, index: number): boolean => index >= 0 && index < line.length && WORD.test(line[index]!);

const isSpaceAt = (line: string, index: number): boolean => index >= line.length || /\s/u.test(line[index]!);
