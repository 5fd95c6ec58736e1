import type { MediaKind, MessageType } from "../../generated/graphql.js";

/** A file that is to be sent. */
export interface Attachment {
  /** Identifies it in the list. */
  key: string;
  kind: MediaKind;
  name: string;
  mimeType: string;
  /** URL for its preview. */
  url: string;
  /** A file of this device, or one that the server has already. */
  source: { file: File } | { uploadId: string };
  /** Its own caption; null if the user wrote none. */
  caption: string | null;
  /** True for a recording, which is played in the conversation. */
  isVoice: boolean;
}

const MEGABYTE = 1024 * 1024;
const TYPES: Record<string, MediaKind> = {
  "image/jpeg": "IMAGE",
  "image/png": "IMAGE",
  "video/mp4": "VIDEO",
  "video/3gpp": "VIDEO",
  "audio/aac": "AUDIO",
  "audio/amr": "AUDIO",
  "audio/mpeg": "AUDIO",
  "audio/mp4": "AUDIO",
  "audio/ogg": "AUDIO",
  "audio/x-m4a": "AUDIO",
};
const MAX_MEGABYTES: Record<MediaKind, number> = { IMAGE: 5, VIDEO: 16, AUDIO: 16, DOCUMENT: 100, STICKER: 0.5 };

export const MESSAGE_TYPES: Record<MediaKind, MessageType> = {
  IMAGE: "IMAGE",
  VIDEO: "VIDEO",
  AUDIO: "AUDIO",
  DOCUMENT: "DOCUMENT",
  STICKER: "STICKER",
};

export const hasCaption = (kind: MediaKind): boolean => kind !== "AUDIO" && kind !== "STICKER";

/** Returns the kind as which WhatsApp takes a file; null if it takes none. The server checks the content. */
export function findKind(mimeType: string): MediaKind | null {
  const kind = TYPES[mimeType];
  if (kind) return kind;
  return /^(image|video|audio)\//.test(mimeType) ? null : "DOCUMENT";
}

/** Returns the maximum in megabytes if a file is larger, else null. */
export function findExcess(kind: MediaKind, bytes: number): number | null {
  return bytes > MAX_MEGABYTES[kind] * MEGABYTE ? MAX_MEGABYTES[kind] : null;
}

/** Returns the file whose caption is the text of the composer: the only one, unless it has a caption of its own. */
export function findCaptioned(attachments: readonly Attachment[]): Attachment | undefined {
  const [only, second] = attachments;
  return only && !second && hasCaption(only.kind) && only.caption === null ? only : undefined;
}
