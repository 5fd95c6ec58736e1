import { makeTexts } from "../../language/language.js";
import { findExcess, findKind } from "./file_kinds.js";

const en = {
  empty: (name: string) => `${name} is empty.`,
  tooLarge: (name: string, megabytes: number) => `${name} is too large: WhatsApp takes up to ${megabytes} MB.`,
  image: (name: string) => `WhatsApp does not take ${name}. Send it as JPEG or PNG.`,
  video: (name: string) => `WhatsApp does not take ${name}. Send it as MP4 (H.264) or 3GP.`,
  audio: (name: string) => `WhatsApp does not take ${name}. Send it as MP3, AAC, M4A, AMR or OGG with Opus.`,
};

const es: typeof en = {
  empty: (name) => `${name} está vacío.`,
  tooLarge: (name, megabytes) => `${name} es demasiado grande: WhatsApp admite hasta ${megabytes} MB.`,
  image: (name) => `WhatsApp no admite ${name}. Envíalo como JPEG o PNG.`,
  video: (name) => `WhatsApp no admite ${name}. Envíalo como MP4 (H.264) o 3GP.`,
  audio: (name) => `WhatsApp no admite ${name}. Envíalo como MP3, AAC, M4A, AMR u OGG con Opus.`,
};

const useTexts = makeTexts({ en, es });

/** Returns a function that explains why WhatsApp would refuse a file, before it is uploaded. */
export function useFileProblem(): (file: File) => string | undefined {
  const text = useTexts();
  return ({ name, type, size }) => {
    if (size === 0) return text.empty(name);
    const kind = findKind(type);
    if (!kind) return text[type.split("/")[0] as "image" | "video" | "audio"](name);
    const megabytes = findExcess(kind, size);
    return megabytes ? text.tooLarge(name, megabytes) : undefined;
  };
}
