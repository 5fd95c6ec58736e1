import type { Language } from "../../language/language.js";

/** Why a mutation was refused. */
const en = {
  notFound: "This no longer exists, or it belongs to a number that you can't see.",
  disabled: (account: string) => `The number ${account} is disabled. An administrator can enable it under Manage.`,
  stopped: (account: string, reason: string | null) =>
    `WhatsApp stopped the number ${account}${reason ? `: ${reason}` : ""}. An administrator sees what to do under Manage.`,
  windowClosed: (time: string) => `You could write freely until ${time}. Now WhatsApp delivers templates only.`,
  windowNeverOpen: "The customer has not written yet. Until then, WhatsApp delivers templates only.",
  optedOut: "The customer does not want marketing messages.",
  blocked: "This contact is blocked. Unblock it to write.",
  sentAlready: "This message was already sent.",
  inUse: "This value is already in use. Choose another one.",
  whatsappRefused: (reason: string, code: number) => `WhatsApp refused it: ${reason} (error ${code})`,
  whatsappUnreachable: "WhatsApp can't be reached. Try again in a moment.",
  storageFull: "The storage of your workspace is full, so files can't be sent. Ask the operator of the server for more room.",
  sendingHeld: "The server was restored from a backup and sends nothing yet. Ask its operator.",
  changed: "It has changed meanwhile, so this is no longer possible. Look at its present state.",
  templateInvalid: "The template or its values don't fit.",
  invalid: {
    REQUIRED: "Something is missing here. Fill it in.",
    TOO_LONG: "This is too long.",
    TOO_MANY: "These are too many.",
    TOO_LARGE: "This is too large.",
    DUPLICATE: "This is given twice. Make each one different.",
    MALFORMED: "This does not have the right form.",
    UNSUPPORTED_FILE: "WhatsApp does not take files of this type.",
    OTHER: "This value can't be used.",
  },
  limits: {
    TOO_LONG: (limit: string) => `This is too long: at most ${limit} characters are possible.`,
    TOO_MANY: (limit: string) => `These are too many: at most ${limit} are possible.`,
    TOO_LARGE: (limit: string) => `This is too large: at most ${limit} are possible.`,
  },
  other: "The server did not accept it.",
  /** Adds the server's sentence, which is English. */
  withDetails: (sentence: string, details: string) => `${sentence} (Technical details: ${details})`,
};

const es: typeof en = {
  notFound: "Ya no existe o es de un número que no puedes ver.",
  disabled: (account) => `El número ${account} está desactivado. Un administrador puede activarlo en Administrar.`,
  stopped: (account, reason) =>
    `WhatsApp ha detenido el número ${account}${reason ? `: ${reason}` : ""}. Un administrador ve qué hacer en Administrar.`,
  windowClosed: (time) => `Podías escribir libremente hasta el ${time}. Ahora WhatsApp solo entrega plantillas.`,
  windowNeverOpen: "El cliente aún no ha escrito. Hasta entonces, WhatsApp solo entrega plantillas.",
  optedOut: "El cliente no quiere mensajes de marketing.",
  blocked: "Este contacto está bloqueado. Desbloquéalo para escribirle.",
  sentAlready: "Este mensaje ya se ha enviado.",
  inUse: "Este valor ya está en uso. Elige otro.",
  whatsappRefused: (reason, code) => `WhatsApp no lo ha aceptado: ${reason} (error ${code})`,
  whatsappUnreachable: "No se puede contactar con WhatsApp. Inténtalo dentro de un momento.",
  storageFull: "El almacenamiento de tu espacio de trabajo está lleno y no se pueden enviar archivos. Pide más espacio al operador del servidor.",
  sendingHeld: "El servidor se ha restaurado de una copia y aún no envía nada. Pregunta a quien lo opera.",
  changed: "Entretanto ha cambiado, así que ya no es posible. Mira su estado actual.",
  templateInvalid: "La plantilla o sus valores no encajan.",
  invalid: {
    REQUIRED: "Aquí falta algo. Rellénalo.",
    TOO_LONG: "Es demasiado largo.",
    TOO_MANY: "Son demasiados.",
    TOO_LARGE: "Es demasiado grande.",
    DUPLICATE: "Está repetido. Haz que cada uno sea distinto.",
    MALFORMED: "No tiene la forma correcta.",
    UNSUPPORTED_FILE: "WhatsApp no admite archivos de este tipo.",
    OTHER: "Este valor no se puede usar.",
  },
  limits: {
    TOO_LONG: (limit) => `Es demasiado largo: puede tener hasta ${limit} caracteres.`,
    TOO_MANY: (limit) => `Son demasiados: puede haber hasta ${limit}.`,
    TOO_LARGE: (limit) => `Es demasiado grande: puede tener hasta ${limit}.`,
  },
  other: "El servidor no lo ha aceptado.",
  withDetails: (sentence, details) => `${sentence} (Detalles técnicos: ${details})`,
};

export const REFUSALS: Record<Language, typeof en> = { en, es };
