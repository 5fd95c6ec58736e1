const BYTES = 24;

/** A random verify token, as the server makes them. */
export const makeVerifyToken = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(BYTES)), (byte) => byte.toString(16).padStart(2, "0")).join("");
