// One change stream per process over the messages, published to every subscription.

import { setTimeout as sleep } from "node:timers/promises";
import { FixedBuffer, Repeater } from "@repeaterjs/repeater";
import { badInput, requireRole } from "./access.mjs";
import { parseId } from "./ids.mjs";
import { MESSAGE } from "./loaders.mjs";

const EVERYTHING = "*";
const PAUSE_MS = 1000;
// Events that may wait for one slow subscription, which fails when there are more.
const WAITING_EVENTS = 10_000;
const PIPELINE = [
  { $match: { operationType: "insert", "fullDocument.type": { $ne: "reaction" } } },
  {
    $project: {
      wallTime: 1,
      operationType: 1,
      ...Object.fromEntries(Object.keys(MESSAGE).map((name) => [`fullDocument.${name}`, 1])),
      "fullDocument._id": 1,
    },
  },
];

const toEvent = ({ _id, wallTime, fullDocument }) => ({
  cursor: _id._data,
  at: wallTime,
  message: fullDocument,
});

export class LiveFeed {
  #messages;
  #subscribers = new Map();
  isOpen = false;

  constructor(messages) {
    this.#messages = messages;
  }

  /** Watches until the process ends; after an outage it goes on behind what it saw last. */
  async run() {
    let startAfter;
    for (;;) {
      const stream = this.#messages.watch(PIPELINE, { startAfter });
      try {
        await stream.tryNext().then((change) => change && this.#publish(toEvent(change)));
        this.isOpen = true;
        for await (const change of stream) {
          startAfter = change._id;
          this.#publish(toEvent(change));
        }
      } catch (error) {
        console.error("The change stream is away:", error.message);
      }
      this.isOpen = false;
      await stream.close().catch(() => {});
      await sleep(PAUSE_MS);
    }
  }

  #publish(event) {
    const { account_id: account, conversation_id: conversation } = event.message;
    for (const topic of [EVERYTHING, account.toHexString(), conversation.toHexString()]) {
      for (const take of this.#subscribers.get(topic) ?? []) take(event);
    }
  }

  /** The events of a topic: those from now on, or with `after` all since that cursor. */
  listen(topic, { after, isWanted }) {
    return new Repeater(async (push, stop) => {
      const offer = (event) => {
        try {
          if (isWanted(event)) push(event);
        } catch (error) {
          stop(error);
        }
      };
      const held = [];
      let take = after == null ? offer : (event) => held.push(event);
      const taking = (event) => take(event);
      this.#add(topic, taking);
      stop.then(() => this.#remove(topic, taking));
      if (after != null) {
        const last = await this.#catchUp(topic, after, offer);
        // Tokens sort as texts. What both streams brought is offered once.
        for (const event of held) if (event.cursor > last) offer(event);
        take = offer;
      }
      await stop;
    }, new FixedBuffer(WAITING_EVENTS));
  }

  async #catchUp(topic, after, offer) {
    const ofTopic = topic === EVERYTHING ? () => true : ({ message }) =>
      topic === message.account_id.toHexString() || topic === message.conversation_id.toHexString();
    const stream = this.#messages.watch(PIPELINE, { startAfter: { _data: after } });
    let last = after;
    try {
      for (let change; (change = await stream.tryNext()); last = change._id._data) {
        const event = toEvent(change);
        if (ofTopic(event)) offer(event);
      }
    } finally {
      await stream.close().catch(() => {});
    }
    return last;
  }

  #add(topic, take) {
    if (!this.#subscribers.has(topic)) this.#subscribers.set(topic, new Set());
    this.#subscribers.get(topic).add(take);
  }

  #remove(topic, take) {
    const takers = this.#subscribers.get(topic);
    takers?.delete(take);
    if (takers?.size === 0) this.#subscribers.delete(topic);
  }
}

async function findTopic({ accountId, conversationId }, context, viewer) {
  const account = accountId == null ? null : parseId(accountId, "Account");
  if (accountId != null && !(account && viewer.canSee(account))) {
    throw badInput("There is no such account.");
  }
  if (conversationId == null) return account?.toHexString() ?? EVERYTHING;
  const id = parseId(conversationId, "Conversation");
  const found = id && (await context.loaders.conversations.load(id));
  if (!found || !viewer.canSee(found.account_id)) throw badInput("There is no such conversation.");
  return id.toHexString();
}

export const Subscription = {
  messageAdded: {
    subscribe: async (_root, args, context) => {
      const viewer = requireRole(context, "VIEWER");
      const topic = await findTopic(args, context, viewer);
      const account = args.accountId == null ? null : parseId(args.accountId, "Account");
      const isWanted = ({ message }) =>
        viewer.canSee(message.account_id) && (!account || account.equals(message.account_id));
      return context.live.listen(topic, { after: args.after, isWanted });
    },
    resolve: (event) => event,
  },
};
