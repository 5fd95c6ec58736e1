// Access tokens are stored encrypted: AES-256-GCM under a key of ENCRYPTION_KEYS, bound to their place.

import { createDecipheriv } from "node:crypto";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export class KeyRing {
  #keys;

  /** `text` is ENCRYPTION_KEYS: comma-separated pairs of id and base64 key. */
  constructor(text) {
    this.#keys = new Map(
      text.split(",").map((pair) => {
        const [id, key] = pair.trim().split(":");
        return [id, Buffer.from(key, "base64")];
      }),
    );
  }

  decryptToken(account) {
    const [, keyId, encoded] = account.access_token.split(":");
    const sealed = Buffer.from(encoded, "base64");
    const cipher = createDecipheriv("aes-256-gcm", this.#keys.get(keyId), sealed.subarray(0, NONCE_BYTES));
    cipher.setAAD(Buffer.from(`accounts|${account._id.toHexString()}|access_token`));
    cipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const secret = cipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
    return Buffer.concat([secret, cipher.final()]).toString();
  }
}
