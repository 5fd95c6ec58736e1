// A token bucket per account, in memory: with several processes each gets its share by configuration.

import { setTimeout as sleep } from "node:timers/promises";

const DEFAULT_RATE = 80;
const HIGH_RATE = 1000;
const SHARE = 0.97;

export class RateLimiter {
  #free = new Map();

  /** Waits for the account's next slot. */
  async take({ _id, health }) {
    const key = _id.toHexString();
    const rate = (health.throughput === "HIGH" ? HIGH_RATE : DEFAULT_RATE) * SHARE;
    const now = performance.now();
    const slot = Math.max(this.#free.get(key) ?? 0, now);
    this.#free.set(key, slot + 1000 / rate);
    if (slot > now) await sleep(slot - now);
  }
}
