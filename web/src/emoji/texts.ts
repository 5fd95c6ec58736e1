import { makeTexts } from "../language/language.js";

const en = {
  emoji: "Emoji",
  search: "Search emoji",
  recent: "Recently used",
  found: "Found",
  /** In the order of Unicode's groups; the third one has parts of emoji. */
  groups: [
    "Smileys and emotions",
    "People",
    "Parts",
    "Animals and nature",
    "Food and drink",
    "Travel and places",
    "Activities",
    "Objects",
    "Symbols",
    "Flags",
  ],
};

const es: typeof en = {
  emoji: "Emojis",
  search: "Buscar emojis",
  recent: "Usados hace poco",
  found: "Encontrados",
  groups: [
    "Caras y emociones",
    "Personas",
    "Partes",
    "Animales y naturaleza",
    "Comida y bebida",
    "Viajes y lugares",
    "Actividades",
    "Objetos",
    "Símbolos",
    "Banderas",
  ],
};

export const useEmojiTexts = makeTexts({ en, es });
