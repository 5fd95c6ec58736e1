import { makeTexts } from "../language/language.js";

const en = {
  recorder: "Recorder",
  starting: "Waiting for the microphone …",
  recording: "Recording",
  finish: "Finish",
  discard: "Discard the recording",
  noMicrophone: "The page gets no sound. Connect a microphone, and allow it in the browser's settings for this page.",
  notRecorded: "The recording failed. Try again.",
};

const es: typeof en = {
  recorder: "Grabadora",
  starting: "Esperando al micrófono …",
  recording: "Grabando",
  finish: "Terminar",
  discard: "Descartar la grabación",
  noMicrophone: "La página no recibe sonido. Conecta un micrófono y permítelo en los ajustes del navegador para esta página.",
  notRecorded: "La grabación ha fallado. Inténtalo otra vez.",
};

export const useVoiceTexts = makeTexts({ en, es });
