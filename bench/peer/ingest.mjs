// The engine behind the door: processes stored webhooks in the background, some side by side, and
// takes over those that a process which died left unfinished.

import { setTimeout as sleep } from "node:timers/promises";
import { applyMessages } from "./inbound.mjs";
import { listItems, parkBody, parkItem } from "./items.mjs";
import { applyStatuses } from "./reports.mjs";

const WORKERS = 16;
const BACKLOG = 2000;
const LEASE_MS = 10_000;
const SWEEP_MS = 2000;

export class Ingest {
  #database;
  #queue = [];
  #known = new Set();
  #working = 0;

  constructor(database) {
    this.#database = database;
  }

  lease(event) {
    return { ...event, lease_until: new Date(Date.now() + LEASE_MS) };
  }

  /** Beyond the backlog an event stays stored, and is taken over when its lease has passed. */
  enqueue(event) {
    if (this.#known.size >= BACKLOG || this.#known.has(event._id)) return;
    this.#known.add(event._id);
    this.#queue.push(event);
    if (this.#working < WORKERS) void this.#work();
  }

  async #work() {
    this.#working += 1;
    for (let event; (event = this.#queue.shift()); this.#known.delete(event._id)) {
      try {
        await this.#process(event);
      } catch (error) {
        // It is stored: it is tried again when its lease has passed.
        console.error(`Event ${event._id} failed:`, error.message);
      }
    }
    this.#working -= 1;
  }

  async #process(event) {
    const body = Buffer.isBuffer(event.body) ? event.body : Buffer.from(event.body.value());
    const items = parse(body);
    if (items === null) {
      await parkBody(this.#database, event, body.toString());
    } else {
      const { messages, statuses, unfit } = await listItems(this.#database, event, items);
      const failed = await Promise.all([
        applyMessages(this.#database, messages),
        applyStatuses(this.#database, statuses),
      ]);
      await Promise.all(
        [...unfit, ...failed.flat()].map((item) => parkItem(this.#database, event, item)),
      );
    }
    await this.#database.webhookEvents.updateOne(
      { _id: event._id, state: "RECEIVED" },
      { $set: { state: "PROCESSED", processed_at: new Date() } },
    );
  }

  async run() {
    for (;;) {
      try {
        await this.#renewLeases();
        while (this.#known.size < BACKLOG) {
          const event = await this.#takeOver();
          if (!event) break;
          this.enqueue(event);
        }
      } catch (error) {
        console.error("No takeover of webhooks now:", error.message);
      }
      await sleep(SWEEP_MS);
    }
  }

  #renewLeases() {
    return this.#database.webhookEvents.updateMany(
      { _id: { $in: [...this.#known] }, state: "RECEIVED" },
      { $set: { lease_until: new Date(Date.now() + LEASE_MS) } },
    );
  }

  #takeOver() {
    const now = new Date();
    return this.#database.webhookEvents.findOneAndUpdate(
      { state: "RECEIVED", lease_until: { $lt: now } },
      { $set: { lease_until: new Date(now.getTime() + LEASE_MS) }, $inc: { attempts: 1 } },
      { returnDocument: "after" },
    );
  }
}

function parse(body) {
  try {
    const { entry } = JSON.parse(body.toString());
    return Array.isArray(entry) ? entry : null;
  } catch {
    return null;
  }
}
