import { makeTexts } from "../language/language.js";

const en = {
  title: "Manage",
  navigation: "Administration",
  toInbox: "Back to the inbox",
  pages: {
    numbers: "Numbers",
    templates: "Templates",
    agents: "Agents",
    keys: "API keys",
    "quick-replies": "Quick replies",
    "failed-webhooks": "Failed webhooks",
    audit: "Audit log",
  },
  notAllowed: "You don't have access to this page",
  notAllowedHelp: "Your role does not include it. Ask an administrator if you need it.",
  technicalDetails: "Technical details",
  loadMore: "Load more",
  loading: "Loading …",
  unknown: "Not reported yet",
  qualities: { GREEN: "High", YELLOW: "Medium", RED: "Low", UNKNOWN: "Not rated yet" } as Record<string, string>,
  opensNewTab: "opens a new tab",
  required: "Fill in this field.",
  /** What WhatsApp does not confirm about a number, by the field to correct. */
  unproven: {
    accessToken: "WhatsApp does not accept this token for the number. Generate a new one for the system user that manages the business account.",
    businessAccountId:
      "This token can't read the business account. Correct the ID, or assign the account to the token's system user and generate a token with both permissions.",
    phoneNumberId: "The business account does not have this number. Correct the ID.",
  },
  copy: (label: string) => `Copy: ${label}`,
  copied: "Copied",
  show: (label: string) => `Show: ${label}`,
  hide: (label: string) => `Hide: ${label}`,
};

const es: typeof en = {
  title: "Administrar",
  navigation: "Administración",
  toInbox: "Volver a la bandeja",
  pages: {
    numbers: "Números",
    templates: "Plantillas",
    agents: "Agentes",
    keys: "Claves de API",
    "quick-replies": "Respuestas rápidas",
    "failed-webhooks": "Webhooks fallidos",
    audit: "Registro de auditoría",
  },
  notAllowed: "No tienes acceso a esta página",
  notAllowedHelp: "Tu rol no la incluye. Pídesela a un administrador si la necesitas.",
  technicalDetails: "Detalles técnicos",
  loadMore: "Cargar más",
  loading: "Cargando …",
  unknown: "Sin datos todavía",
  qualities: { GREEN: "Alta", YELLOW: "Media", RED: "Baja", UNKNOWN: "Sin valorar" },
  opensNewTab: "abre otra pestaña",
  required: "Rellena este campo.",
  unproven: {
    accessToken: "WhatsApp no acepta este token para el número. Genera otro para el usuario del sistema que administra la cuenta de WhatsApp Business.",
    businessAccountId:
      "Este token no puede leer la cuenta de WhatsApp Business. Corrige el identificador, o asigna la cuenta al usuario del sistema del token y genera un token con ambos permisos.",
    phoneNumberId: "La cuenta de WhatsApp Business no tiene este número. Corrige el identificador.",
  },
  copy: (label) => `Copiar: ${label}`,
  copied: "Copiado",
  show: (label) => `Mostrar: ${label}`,
  hide: (label) => `Ocultar: ${label}`,
};

export type ManageText = typeof en;

export const useManageText = makeTexts({ en, es });

export type PageName = keyof typeof en.pages;
