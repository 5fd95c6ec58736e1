// sendMessage: checks what a user wants to send and stores it as a QUEUED message in its
// conversation's lane, durable on a majority. Without a dispatcher the lane is left due, so that a
// wagraph on the same database would send it.

import { createHash } from "node:crypto";
import { ObjectId } from "mongodb";
import { requireRole } from "./access.mjs";
import { isDuplicate } from "./database.mjs";
import { Refused, invalid, notFound } from "./errors.mjs";
import { parseId } from "./ids.mjs";
import { listPhoneVariants } from "./phones.mjs";
import { RANKS } from "./statuses.mjs";
import { summarize } from "./summaries.mjs";
import { writeTime } from "./scalars.mjs";

const TEXT_LIMIT = 4096;
const KEY_LIMIT = 255;
const SERVICE_WINDOW_MS = 24 * 3600 * 1000;
const NOT_WRITTEN = ["edit", "reaction", "revoke", "system"];
const WAKE = [{ $set: { next_attempt_at: "$$NOW", wakes: { $add: ["$wakes", 1] } } }];

export const Mutation = {
  sendMessage: async (_root, { input }, context) => {
    const viewer = requireRole(context, "AGENT");
    try {
      const message = await queueMessage(context.database, viewer, input);
      context.dispatcher?.enqueue(message.conversation_id);
      return { message, userErrors: [] };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { message: null, userErrors: [error.userError] };
    }
  },
};

async function queueMessage(database, viewer, input) {
  const text = readText(input.content);
  const key = checkKey(input.idempotencyKey);
  const accountId = readId(input.accountId, "Account", "accountId");
  const replyTo = readId(input.replyToMessageId, "Message", "replyToMessageId");
  const { contact, conversation, account } = await resolve(database, viewer, input.to, accountId);
  const digest = digestInput(input.to, text, replyTo);
  const repeated = key && (await findRepeated(database, account._id, key, digest));
  if (repeated) return repeated;
  checkAccount(account);
  if (contact?.blocked) {
    throw new Refused("CONTACT_BLOCKED", "The contact is blocked: unblock it to send messages.");
  }
  await checkWindow(database, conversation);
  const replyToWamid = replyTo && (await findReplyTarget(database, conversation, replyTo));
  const number = await takeNumber(database, conversation);
  const message = build(conversation, text, number, {
    sent_by: viewer.name,
    idempotency_key: key,
    input_digest: digest,
    reply_to_wamid: replyToWamid,
  });
  return store(database, message, { key, digest });
}

async function store(database, message, { key, digest }) {
  try {
    await database.messages.insertOne(message);
  } catch (error) {
    // The same request came twice at once, and the other one was first.
    const first = isDuplicate(error) && key &&
      (await findRepeated(database, message.account_id, key, digest));
    if (!first) throw error;
    return first;
  }
  const noted = await database.conversations.updateOne(
    { _id: message.conversation_id },
    summarize(message),
  );
  if (!noted.matchedCount) {
    // The contact was erased at this very moment: nothing of it may come back.
    await database.messages.deleteOne({ _id: message._id });
    throw notFound("The conversation");
  }
  await database.lanes.updateOne({ _id: message.conversation_id }, WAKE);
  return message;
}

function readText(content) {
  if (!content.text) throw invalid("This server sends texts only.", "content");
  const { body, previewUrl } = content.text;
  const length = [...body].length;
  const problem = !body.trim()
    ? "The text is blank."
    : length > TEXT_LIMIT
      ? `The text has ${length} characters; at most ${TEXT_LIMIT} are allowed.`
      : body.includes("\0") || !body.isWellFormed()
        ? "The text contains an invalid character."
        : null;
  if (problem) throw invalid(problem, "content", "text", "body");
  return { body, preview_url: Boolean(previewUrl) };
}

function checkKey(key) {
  if (key == null) return null;
  if (!key || [...key].length > KEY_LIMIT || /\p{C}/u.test(key)) {
    throw invalid(`Use an idempotency key of 1 to ${KEY_LIMIT} printable characters.`, "idempotencyKey");
  }
  return key;
}

function readId(globalId, type, field) {
  if (globalId == null) return null;
  const id = parseId(globalId, type);
  if (!id) throw notFound(`The ${type.toLowerCase()}`, field);
  return id;
}

/** What exists of the recipient: a number never written to has neither contact nor conversation. */
async function resolve(database, viewer, to, accountId) {
  if (to.conversationId != null) {
    const id = readId(to.conversationId, "Conversation", "conversationId");
    const conversation = await database.conversations.findOne({ _id: id });
    if (!conversation || !viewer.canSee(conversation.account_id)) {
      throw notFound("The conversation", "to", "conversationId");
    }
    const [contact, account] = await Promise.all([
      database.contacts.findOne({ _id: conversation.contact_id }),
      findAccount(database, viewer, conversation.account_id, accountId),
    ]);
    if (!contact) throw notFound("The conversation", "to", "conversationId");
    return { contact, conversation, account };
  }
  const contact = await findContact(database, viewer, to, accountId);
  const ownerId = contact?.account_id ?? accountId;
  const [conversation, account] = await Promise.all([
    contact && database.conversations.findOne({ account_id: ownerId, contact_id: contact._id }),
    findAccount(database, viewer, ownerId, accountId),
  ]);
  return { contact, conversation, account };
}

async function findContact(database, viewer, to, accountId) {
  if (to.contactId != null) {
    const contact = await database.contacts.findOne({
      _id: readId(to.contactId, "Contact", "contactId"),
    });
    if (!contact || !viewer.canSee(contact.account_id)) throw notFound("The contact", "to", "contactId");
    return contact;
  }
  if (!accountId) throw invalid("accountId is needed: it says which account sends.", "accountId");
  const [kind, values] = to.phoneNumber != null
    ? ["wa_id", listPhoneVariants(to.phoneNumber.replace(/\D/g, ""))]
    : ["bsuid", [to.businessScopedUserId]];
  return database.contacts.findOne({
    account_id: accountId,
    identities: { $elemMatch: { kind, value: { $in: values } } },
  });
}

async function findAccount(database, viewer, id, wantedId) {
  if (wantedId && !wantedId.equals(id)) {
    throw invalid("The recipient belongs to another account.", "accountId");
  }
  const account = await database.accounts.findOne(
    { _id: id, deleted_at: null },
    { projection: { name: 1, enabled: 1, health: 1 } },
  );
  if (!account || !viewer.canSee(account._id)) throw notFound("The account", "accountId");
  return account;
}

function checkAccount({ name, enabled, health }) {
  if (!enabled) {
    throw new Refused(
      "ACCOUNT_DISABLED",
      `The account ${name} is disabled: enable it to send messages.`,
    );
  }
  if (health.state === "STOPPED") {
    throw new Refused(
      "ACCOUNT_STOPPED",
      `WhatsApp stopped the account ${name}: ${health.reason ?? "no reason given"}.` +
        " Correct its credentials or lift its restriction at Meta, then update or enable it.",
    );
  }
}

/** Whether the service window of the conversation is open. */
export async function isOpen(database, conversation) {
  const since = new Date(Date.now() - SERVICE_WINDOW_MS);
  if (!conversation) return false;
  if (conversation.last_inbound_at > since) return true;
  // A message whose summary is just being written opens it too.
  return Boolean(await database.messages.findOne(
    {
      conversation_id: conversation._id,
      timestamp: { $gt: since },
      direction: "INBOUND",
      type: { $nin: NOT_WRITTEN },
      group_id: null,
    },
    { projection: { _id: 1 } },
  ));
}

async function checkWindow(database, conversation) {
  if (await isOpen(database, conversation)) return;
  const lastAt = conversation?.last_inbound_at;
  const closed = lastAt
    ? `closed at ${writeTime(new Date(lastAt.getTime() + SERVICE_WINDOW_MS))}`
    : "was never opened";
  throw new Refused(
    "WINDOW_CLOSED",
    `The 24-hour customer service window ${closed}: send a template instead.`,
  );
}

async function findReplyTarget(database, conversation, messageId) {
  const message = await database.messages.findOne({
    _id: messageId,
    conversation_id: conversation._id,
  });
  if (!message?.wamid) throw notFound("The message to reply to", "replyToMessageId");
  return message.wamid;
}

async function findRepeated(database, accountId, key, digest) {
  const found = await database.messages.findOne({ account_id: accountId, idempotency_key: key });
  if (found && found.input_digest !== digest) {
    throw new Refused(
      "IDEMPOTENCY_KEY_REUSED",
      "This idempotencyKey was used for another message: use a new key for a new message.",
      ["idempotencyKey"],
    );
  }
  return found;
}

const digestInput = (to, text, replyTo) =>
  createHash("sha256").update(JSON.stringify([to, text, replyTo])).digest("hex");

/** The lane's next number: messages are sent in the order of their numbers. */
async function takeNumber(database, { _id, account_id }) {
  const update = {
    $inc: { next_number: 1 },
    $setOnInsert: {
      account_id,
      next_attempt_at: null,
      leased_until: null,
      lease_owner: null,
      wakes: 0,
      fence: 0,
    },
  };
  const take = () => database.lanes.findOneAndUpdate({ _id }, update, { upsert: true });
  const lane = await take().catch((error) => {
    if (isDuplicate(error)) return take(); // another request has just made it
    throw error;
  });
  return lane?.next_number ?? 0;
}

function build(conversation, content, number, given) {
  const now = new Date();
  return {
    _id: new ObjectId(),
    account_id: conversation.account_id,
    conversation_id: conversation._id,
    contact_id: conversation.contact_id,
    direction: "OUTBOUND",
    type: "text",
    content,
    raw: null,
    text: content.body,
    media_state: null,
    upload_id: null,
    media_renewed: false,
    wamid: null,
    timestamp: now,
    unread: false,
    status_times: { queued: now },
    status_rank: RANKS.QUEUED,
    unknown_statuses: [],
    errors: [],
    pricing: null,
    billing_conversation: null,
    referred_product: null,
    forwarded: false,
    frequently_forwarded: false,
    referral: null,
    group_id: null,
    reactions: [],
    edited_at: null,
    edit_wamid: null,
    original: null,
    deleted_at: null,
    retry_of: null,
    lane_number: number,
    outbox_state: "READY",
    lane_fence: null,
    hold_until: null,
    attempts: 0,
    refusals: 0,
    created_at: now,
    ...given,
  };
}
