import { getErrorCode } from "@wagraph/client";

const ERROR_CODES = ["UNAUTHENTICATED", "FORBIDDEN", "AGENT_RETIRED", "WORKSPACE_SUSPENDED"];
/** Close codes of the WebSocket: no credential, or one that is refused. */
const CLOSE_CODES = [4401, 4403];

/** Returns true if an error means that the server no longer takes the credential. */
export function isCredentialRefused(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return ERROR_CODES.includes(getErrorCode(error) ?? "") || CLOSE_CODES.includes(Number(code));
}
