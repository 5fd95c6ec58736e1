// The dispatcher: leases lanes and sends their messages in order, as a Node server would do it with a
// queue in MongoDB. It makes wagraph's promise: durable, in order per conversation, each outcome
// recorded, at the account's rate, never sent again if the outcome is unknown, taken over after a
// crash. An enqueued lane is worked on at once; a sweep finds those of processes that ended.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ObjectId } from "mongodb";
import { RateLimiter } from "./rate_limiter.mjs";
import { isOpen } from "./outbox.mjs";
import { applyPending } from "./reports.mjs";
import { RANKS } from "./statuses.mjs";

const WORKERS = 32;
const LEASE_MS = 30_000;
const DEADLINE_MS = 15_000;
const SWEEP_MS = 1000;
const HOLD_MS = 30_000;
const ATTEMPTS = 7;
const ACTIVE = ["READY", "SENDING", "HOLDING"];
const FREE = { leased_until: null, lease_owner: null };
const NEVER_SENT = { wamid: null, status_rank: { $lt: RANKS.SENT } };
const reach = (name, at) => ({
  $max: { status_rank: RANKS[name] },
  $min: { [`status_times.${name.toLowerCase()}`]: at },
});

export class Dispatcher {
  #database;
  #meta;
  #keyring;
  #owner = randomUUID();
  #limiter = new RateLimiter();
  #queue = new Set();
  #working = 0;

  constructor({ database, meta, keyring }) {
    this.#database = database;
    this.#meta = meta;
    this.#keyring = keyring;
  }

  enqueue(laneId) {
    this.#queue.add(laneId.toHexString());
    if (this.#working < WORKERS) void this.#work();
  }

  async run() {
    for (;;) {
      try {
        const due = await this.#database.lanes
          .find(this.#due(), { projection: { _id: 1 } })
          .sort({ next_attempt_at: 1 })
          .limit(WORKERS * 4)
          .toArray();
        for (const { _id } of due) this.enqueue(_id);
      } catch (error) {
        console.error("No lanes now:", error.message);
      }
      await sleep(SWEEP_MS);
    }
  }

  #due() {
    const now = new Date();
    const isFree = { $or: [{ leased_until: null }, { leased_until: { $lt: now } }] };
    return { next_attempt_at: { $lte: now }, ...isFree };
  }

  async #work() {
    this.#working += 1;
    for (const id of this.#queue) {
      this.#queue.delete(id);
      try {
        await this.#serve(id);
      } catch (error) {
        console.error(`Lane ${id} waits until its lease ends:`, error.message);
      }
    }
    this.#working -= 1;
  }

  /** Leases the lane, and works until it is empty or has to wait. */
  async #serve(id) {
    let lane = await this.#lease({ _id: ObjectId.createFromHexString(id), ...this.#due() }, 1);
    while (lane) {
      const waitUntil = await this.#sendHead(lane);
      if (waitUntil === undefined) continue;
      const { matchedCount } = await this.#database.lanes.updateOne(
        { _id: lane._id, fence: lane.fence, wakes: lane.wakes },
        { $set: { next_attempt_at: waitUntil, ...FREE } },
      );
      if (matchedCount) return;
      // Woken meanwhile, or taken over.
      lane = await this.#lease({ _id: lane._id, fence: lane.fence }, 0);
    }
  }

  async #lease(filter, step) {
    const expires = Date.now() + LEASE_MS;
    const update = { $set: { leased_until: new Date(expires), lease_owner: this.#owner }, $inc: { fence: step } };
    const lane = await this.#database.lanes.findOneAndUpdate(filter, update, { returnDocument: "after" });
    return lane && { ...lane, expires };
  }

  /** When the lane is due again, null if it is empty, undefined if it has more to do now. */
  async #sendHead(lane) {
    const [head, next] = await this.#database.messages
      .find({ conversation_id: lane._id, outbox_state: { $in: ACTIVE } })
      .sort({ lane_number: 1 })
      .limit(2)
      .toArray();
    if (!head) return null;
    if (head.outbox_state !== "READY" || head.wamid || head.status_rank >= RANKS.SENT) {
      return this.#settle(lane, head);
    }
    if (head.hold_until > new Date()) return head.hold_until;
    const [account, contact, conversation] = await Promise.all([
      this.#database.accounts.findOne({ _id: head.account_id }),
      this.#database.contacts.findOne({ _id: head.contact_id }),
      this.#database.conversations.findOne({ _id: head.conversation_id }),
    ]);
    if (!account?.enabled || account.health.state !== "OK" || account.deleted_at) return null;
    if (!contact || contact.blocked || !(await isOpen(this.#database, conversation))) {
      await this.#fail(head, { code: 0, title: "Not sent", details: null, href: null, retryable: false });
      return undefined;
    }
    const wait = await this.#send(lane, head, { account, contact });
    return wait ?? (next ? undefined : null);
  }

  /** A message whose worker crashed, or that waits for the end of its hold. */
  async #settle(lane, head) {
    const now = new Date();
    const isSent = head.wamid || head.status_rank >= RANKS.SENT;
    if (head.outbox_state === "SENDING" && !isSent) {
      if (head.lane_fence > lane.fence) return head.hold_until;
      return this.#hold(head);
    }
    if (head.outbox_state === "HOLDING" && head.status_rank < RANKS.SENT && head.hold_until > now) {
      return head.hold_until;
    }
    await this.#database.messages.updateOne({ _id: head._id }, { $set: { outbox_state: "DONE" } });
    return undefined;
  }

  async #send(lane, head, { account, contact }) {
    await this.#limiter.take(account);
    if (lane.expires - Date.now() <= DEADLINE_MS) {
      const renewed = await this.#lease({ _id: lane._id, fence: lane.fence }, 0);
      if (!renewed) return null;
      Object.assign(lane, renewed);
    }
    const claimed = await this.#database.messages.updateOne(
      { _id: head._id, outbox_state: "READY", ...NEVER_SENT },
      {
        $set: { outbox_state: "SENDING", lane_fence: lane.fence },
        $inc: { attempts: 1 },
        ...reach("SENDING", new Date()),
      },
    );
    if (!claimed.matchedCount) return undefined;
    const token = this.#keyring.decryptToken(account);
    const { outcome, wamid, error } = await this.#meta.send(account, token, toPayload(head, contact));
    switch (outcome) {
      case "accepted": return this.#accept(head, wamid);
      case "unknown": return this.#hold(head);
      case "failed": return this.#fail(head, error);
      case "stop":
        await this.#database.accounts.updateOne(
          { _id: account._id },
          { $set: { "health.state": "STOPPED", "health.reason": error.title } },
        );
        return this.#postpone(head, 0);
      default:
        if (head.attempts + 1 >= ATTEMPTS) return this.#fail(head, error);
        return this.#postpone(head, Math.min(1000 * 4 ** head.attempts, 256_000));
    }
  }

  async #accept(head, wamid) {
    const at = new Date();
    await this.#database.messages.updateOne({ _id: head._id }, [
      {
        $set: {
          wamid: { $ifNull: ["$wamid", { $literal: wamid }] },
          outbox_state: "DONE",
          status_rank: { $max: ["$status_rank", RANKS.ACCEPTED] },
          "status_times.accepted": { $min: ["$status_times.accepted", at] },
        },
      },
    ]);
    await applyPending(this.#database, [{ ...head, wamid }]);
    return null;
  }

  /** The outcome is unknown: never sent again, and the lane waits for a status. */
  async #hold(head) {
    const until = new Date(Date.now() + HOLD_MS);
    await this.#database.messages.updateOne(
      { _id: head._id, outbox_state: "SENDING" },
      { $set: { outbox_state: "HOLDING", hold_until: until }, ...reach("UNKNOWN", new Date()) },
    );
    return until;
  }

  async #postpone(head, milliseconds) {
    const until = new Date(Date.now() + milliseconds);
    await this.#database.messages.updateOne(
      { _id: head._id, outbox_state: "SENDING", ...NEVER_SENT },
      { $set: { outbox_state: "READY", hold_until: until } },
    );
    return until;
  }

  async #fail(head, error) {
    await this.#database.messages.updateOne(
      { _id: head._id, ...NEVER_SENT },
      { $set: { outbox_state: "DONE" }, $addToSet: { errors: error }, ...reach("FAILED", new Date()) },
    );
    return null;
  }
}

function toPayload(message, contact) {
  const waId = contact.identities.find(({ kind }) => kind === "wa_id")?.value;
  return {
    messaging_product: "whatsapp",
    recipient_type: "individual",
    type: message.type,
    [message.type]: message.content,
    biz_opaque_callback_data: message._id.toHexString(),
    ...(waId ? { to: waId } : { recipient: contact.identities[0].value }),
    ...(message.reply_to_wamid && { context: { message_id: message.reply_to_wamid } }),
  };
}
