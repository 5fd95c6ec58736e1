// Requests to Meta through undici, and what their outcome means for a message.

import { Pool } from "undici";

const DEADLINE_MS = 15_000;
const CONNECTIONS = 64;
// Nothing was sent: no connection was made.
const NOT_REACHED = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);
const RETRIED = new Set([1, 2, 4, 17, 32, 613, 80007, 130429, 131000, 131016, 131056, 131057, 133004]);
const STOPPING = new Set([0, 102, 104, 190, 368, 130497, 131031, 131042, 131048, 131064, 133010]);

export class Meta {
  #pool;
  #prefix;

  constructor(url, version = "v25.0") {
    const { origin, pathname } = new URL(url);
    this.#pool = new Pool(origin, { connections: CONNECTIONS, connect: { timeout: 5000 } });
    this.#prefix = `${pathname.replace(/\/$/, "")}/${version}`;
  }

  /** `{outcome, wamid | error}`; the outcome is accepted, retry, stop, failed or unknown. */
  async send(account, token, payload) {
    try {
      const { statusCode, body } = await this.#pool.request({
        method: "POST",
        path: `${this.#prefix}/${account.phone_number_id}/messages`,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify(payload),
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      return readAnswer(statusCode, await body.json());
    } catch (error) {
      return { outcome: NOT_REACHED.has(error.code) ? "retry" : "unknown", error: describe(error) };
    }
  }
}

function readAnswer(status, body) {
  const wamid = body?.messages?.[0]?.id;
  if (status === 200) return wamid ? { outcome: "accepted", wamid } : { outcome: "unknown" };
  const refused = body?.error;
  if (!refused) return { outcome: "unknown" };
  const error = {
    code: refused.code ?? 0,
    title: refused.message ?? null,
    details: refused.error_data?.details ?? null,
    href: null,
    retryable: RETRIED.has(refused.code),
  };
  const outcome = STOPPING.has(error.code) ? "stop" : error.retryable ? "retry" : "failed";
  return { outcome, error };
}

const describe = (error) =>
  ({ code: 0, title: "Not sent", details: error.message, href: null, retryable: true });
