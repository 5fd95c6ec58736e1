import { makeTexts } from "../../language/language.js";

const en = {
  role: "Role",
  roles: { OPERATOR: "Operator", ADMIN: "Administrator", AGENT: "Agent", VIEWER: "Viewer" },
  roleHelp: {
    ADMIN: "Answers customers, and manages numbers, agents and keys.",
    AGENT: "Answers customers.",
    VIEWER: "Reads everything and writes nothing.",
    OPERATOR: "Manages the workspaces of the server and reads no content.",
  },
  numbers: "Numbers",
  allNumbers: "All numbers, including later ones",
  presentNumbers: (count: number) => `The ${count} current numbers`,
  allNumbersHelp: "All numbers, including numbers connected later",
  onlyThese: "Only these numbers",
  ownNumbersHelp: "Your key is limited to these numbers, so you can give access to no others.",
  chooseNumbers: "Choose at least one number.",
  findNumber: "Find a number",
  noneFound: "No number has this name",
  chosen: (count: number) => (count === 1 ? "1 chosen" : `${count} chosen`),
  andMore: (names: string) => `${names} and more`,
  none: "None",
};

const es: typeof en = {
  role: "Rol",
  roles: { OPERATOR: "Operador", ADMIN: "Administrador", AGENT: "Agente", VIEWER: "Lector" },
  roleHelp: {
    ADMIN: "Atiende a clientes y administra números, agentes y claves.",
    AGENT: "Atiende a clientes.",
    VIEWER: "Lee todo y no escribe nada.",
    OPERATOR: "Gestiona los espacios de trabajo del servidor y no lee ningún contenido.",
  },
  numbers: "Números",
  allNumbers: "Todos los números, también los futuros",
  presentNumbers: (count) => `Los ${count} números actuales`,
  allNumbersHelp: "Todos los números, también los que se conecten después",
  onlyThese: "Solo estos números",
  ownNumbersHelp: "Tu clave está limitada a estos números, así que no puedes dar acceso a otros.",
  chooseNumbers: "Elige al menos un número.",
  findNumber: "Buscar un número",
  noneFound: "Ningún número se llama así",
  chosen: (count) => (count === 1 ? "1 elegido" : `${count} elegidos`),
  andMore: (names) => `${names} y más`,
  none: "Ninguno",
};

export const useAccessText = makeTexts({ en, es });
