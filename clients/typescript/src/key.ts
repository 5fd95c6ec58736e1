const BYTES = 16;

/**
 * Makes a random idempotency key. Unlike `crypto.randomUUID`, it works on pages without TLS, too, as
 * on a server of the local network.
 */
export function makeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
