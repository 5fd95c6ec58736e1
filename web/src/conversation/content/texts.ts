import { makeTexts } from "../../language/language.js";

const en = {
  unsupported: (kind: string) => `This kind of message can't be shown here: ${kind}`,
  raw: "What WhatsApp sent",
};

const es: typeof en = {
  unsupported: (kind) => `Este tipo de mensaje no se puede mostrar aquí: ${kind}`,
  raw: "Lo que envió WhatsApp",
};

export const useContentText = makeTexts({ en, es });
