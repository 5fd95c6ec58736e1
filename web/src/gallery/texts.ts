import { makeTexts } from "../language/language.js";

const en = {
  title: "Photos and files",
  kinds: { pictures: "Photos and videos", documents: "Documents", audio: "Audio" },
  none: {
    pictures: "No photos or videos yet",
    documents: "No documents yet",
    audio: "No voice messages or audio files yet",
  },
  noneHelp: "What you and the customer send to each other appears here.",
  failed: "The files can't be loaded. They appear as soon as the connection is back.",
  showAll: "Show all",
  showPicture: (kind: string, time: string) => `${kind}, ${time}`,
  previous: "Previous",
  next: "Next",
  jump: "Show in the conversation",
  reply: "Reply",
  openFile: "Open the file",
  album: (count: number) => `${count} photos and videos`,
  more: (count: number) => `Show ${count} more`,
};

const es: typeof en = {
  title: "Fotos y archivos",
  kinds: { pictures: "Fotos y vídeos", documents: "Documentos", audio: "Audio" },
  none: {
    pictures: "Aún no hay fotos ni vídeos",
    documents: "Aún no hay documentos",
    audio: "Aún no hay mensajes de voz ni audios",
  },
  noneHelp: "Lo que tú y el cliente os enviéis aparecerá aquí.",
  failed: "No se pueden cargar los archivos. Aparecerán en cuanto vuelva la conexión.",
  showAll: "Ver todo",
  showPicture: (kind, time) => `${kind}, ${time}`,
  previous: "Anterior",
  next: "Siguiente",
  jump: "Ver en la conversación",
  reply: "Responder",
  openFile: "Abrir el archivo",
  album: (count) => `${count} fotos y vídeos`,
  more: (count) => `Ver ${count} más`,
};

export const useGalleryText = makeTexts({ en, es });
