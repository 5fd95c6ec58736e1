// The door for Meta: a 200 means that the raw body is durable on a majority. Nothing is parsed before
// its signature is verified.

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { isDuplicate } from "./database.mjs";

const MAX_BYTES = 4 * 1024 * 1024;
const SIGNATURE = /^sha256=([0-9a-f]{64})$/i;

export class Webhook {
  #events;
  #secret;
  #secretDigest;
  #ingest;

  constructor({ database, ingest, secret }) {
    this.#events = database.webhookEvents;
    this.#ingest = ingest;
    this.#secret = secret;
    this.#secretDigest = createHash("sha256").update(secret ?? "").digest("hex");
  }

  /** A listener of node:http. */
  async answer(request, response) {
    try {
      response.writeHead(await this.#receive(request)).end();
    } catch (error) {
      // Meta repeats what is not acknowledged, for up to seven days.
      console.error("A webhook can't be taken now:", error.message);
      response.writeHead(503, { "retry-after": "5" }).end();
    }
  }

  async #receive(request) {
    if (request.method !== "POST") return 405;
    const signature = SIGNATURE.exec(request.headers["x-hub-signature-256"])?.[1];
    if (!signature) return 401;
    if (!this.#secret) return 404;
    const body = await readBody(request);
    if (body === null) return 413;
    if (!this.#isSigned(body, signature)) return 403;
    await this.#store(body);
    return 200;
  }

  #isSigned(body, signature) {
    const expected = createHmac("sha256", this.#secret).update(body).digest();
    return timingSafeEqual(expected, Buffer.from(signature, "hex"));
  }

  /** Stored once, however often it is posted; the id is wagraph's. */
  async #store(body) {
    const event = this.#ingest.lease({
      _id: createHash("sha256").update(this.#secretDigest).update(body).digest("hex"),
      body,
      secret_digest: this.#secretDigest,
      received_at: new Date(),
      state: "RECEIVED",
      attempts: 0,
      processed_at: null,
    });
    try {
      await this.#events.insertOne(event);
    } catch (error) {
      if (isDuplicate(error)) return;
      throw error;
    }
    this.#ingest.enqueue(event);
  }
}

/** The raw bytes, or null where there are too many. */
async function readBody(request) {
  if (Number(request.headers["content-length"]) > MAX_BYTES) return null;
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BYTES) return null;
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}
