import { makeTexts } from "../language/language.js";

const en = {
  FORBIDDEN: "This key manages workspaces and reads no messages. Sign in with a key of a workspace.",
  WORKSPACE_SUSPENDED: "The workspace of this key is suspended. Ask the operator of the server.",
  AGENT_RETIRED: "The agent of this key is retired. Ask an administrator.",
};

const es: typeof en = {
  FORBIDDEN: "Esta clave gestiona espacios de trabajo y no lee mensajes. Entra con una clave de un espacio de trabajo.",
  WORKSPACE_SUSPENDED: "El espacio de trabajo de esta clave está suspendido. Pregunta al operador del servidor.",
  AGENT_RETIRED: "El agente de esta clave está retirado. Pregunta a un administrador.",
};

const useObstacleText = makeTexts({ en, es });

/** Says why a valid credential can't use the inbox. */
export function Obstacle({ code }: { code: string }) {
  const text = useObstacleText();
  // Only an operator may not read.
  return code in text ? text[code as keyof typeof text] : text.FORBIDDEN;
}
