// The engine behind the door: processes stored webhooks in the background, some side by side, and
// takes over those that a process which died left unfinished.

import { setTimeout as sleep } from "node:timers/promises";
import { applyMessages } from "./inbound.mjs";
import { listItems, parkItem } from "./items.mjs";
import { applyStatuses } from "./reports.mjs";

const WORKERS = 16;
const BACKLOG = 2000;
// Events that a worker applies together where so many wait. The usual way is one by one; a higher
// number makes the contender that batches as wagraph does.
const BATCH = Number(process.env.PEER_BATCH ?? 1);
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
    while (this.#queue.length) {
      const batch = this.#queue.splice(0, BATCH);
      await this.#processOrLeave(batch);
      for (const event of batch) this.#known.delete(event._id);
    }
    this.#working -= 1;
  }

  async #processOrLeave(batch) {
    try {
      await this.#process(batch);
    } catch (error) {
      // One of them may be at fault. Alone it stays stored, and is tried again after its lease.
      if (batch.length > 1) for (const event of batch) await this.#processOrLeave([event]);
      else console.error(`Event ${batch[0]._id} failed:`, error.message);
    }
  }

  async #process(events) {
    const { messages, statuses, unfit } = await listItems(this.#database, events);
    const failed = await Promise.all([
      applyMessages(this.#database, messages),
      applyStatuses(this.#database, statuses),
    ]);
    await Promise.all([...unfit, ...failed.flat()].map((item) => parkItem(this.#database, item)));
    await this.#database.webhookEvents.updateMany(
      { _id: { $in: events.map((event) => event._id) }, state: "RECEIVED" },
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
