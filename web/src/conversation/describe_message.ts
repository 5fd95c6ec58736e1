import type { MessageType } from "../generated/graphql.js";
import type { Catalogue } from "../language/en.js";
import { joinParts, parseParts } from "./format.js";

interface Described {
  type: MessageType;
  text: string | null;
  deletedAt?: string | null;
}

const LABELS: Partial<Record<MessageType, [icon: string, key: keyof Catalogue["message"]]>> = {
  IMAGE: ["📷", "image"],
  VIDEO: ["🎬", "video"],
  AUDIO: ["🎤", "audio"],
  DOCUMENT: ["📄", "document"],
  STICKER: ["🏷️", "sticker"],
  LOCATION: ["📍", "location"],
  CONTACTS: ["👤", "contact"],
  ORDER: ["🛒", "order"],
  CALL: ["📞", "call"],
  TEMPLATE: ["", "template"],
  INTERACTIVE: ["", "interactive"],
};

const MAX_CHARACTERS = 200;

/** A message in one line, such as "📷 Our new shop". */
export function describeMessage(text: Catalogue, { type, text: body, deletedAt }: Described): string {
  if (deletedAt) return text.message.deleted;
  // Its text names Meta's type.
  if (type === "UNSUPPORTED" || type === "OTHER") return text.message.unsupported;
  const label = LABELS[type];
  // The server writes the type in brackets if there is no text.
  const own = label && body === `[${type.toLowerCase()}]` ? "" : (body ?? "");
  const line = own.replace(/\s+/gu, " ").trim().slice(0, MAX_CHARACTERS);
  const [icon, key] = label ?? ["", "unsupported"];
  const words = joinParts(parseParts(line)) || String(text.message[key]);
  return icon ? `${icon} ${words}` : words;
}
