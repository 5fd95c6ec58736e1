// Contacts with their users, and conversations: found, else made, never twice.

import { ObjectId } from "mongodb";
import { isDuplicate } from "./database.mjs";
import { listPhoneVariants } from "./phones.mjs";
import { makeKeys, makeSortName } from "./search_keys.mjs";

const key = (id) => id.toHexString();

/** The conversation of each item. */
export async function findCorrespondents(database, items) {
  const senders = groupBySender(items);
  const contacts = await findContacts(database, senders);
  const known = await findConversations(database, contacts);
  const conversations = new Map();
  await Promise.all(
    senders.map(async (sender) => {
      const contact = await meet(database, sender, findOf(contacts, sender));
      const conversation = known.get(key(contact._id)) ?? (await converse(database, contact));
      for (const item of sender.items) conversations.set(item, conversation);
    }),
  );
  return conversations;
}

function groupBySender(items) {
  const senders = new Map();
  for (const item of items) {
    const place = `${key(item.account._id)} ${item.from}`;
    const known = senders.get(place);
    if (known) known.items.push(item);
    else {
      const { account, from } = item;
      senders.set(place, { accountId: account._id, from, variants: listPhoneVariants(from), items: [item] });
    }
  }
  return [...senders.values()];
}

async function findContacts(database, senders) {
  const wanted = senders.map(({ accountId, variants }) => ({
    account_id: accountId,
    identities: { $elemMatch: { kind: "wa_id", value: { $in: variants } } },
  }));
  const query = wanted.length === 1 ? wanted[0] : { $or: wanted };
  return database.contacts.find(query, { projection: { search_keys: 0 } }).toArray();
}

const findOf = (contacts, { accountId, variants }) =>
  contacts.find(
    (contact) =>
      contact.account_id.equals(accountId) &&
      contact.identities.some(({ kind, value }) => kind === "wa_id" && variants.includes(value)),
  );

async function findConversations(database, contacts) {
  if (!contacts.length) return new Map();
  const found = await database.conversations
    .find(
      { contact_id: { $in: contacts.map((contact) => contact._id) } },
      { projection: { account_id: 1, contact_id: 1, phone_read_at: 1, last_inbound_at: 1 } },
    )
    .toArray();
  return new Map(found.map((conversation) => [key(conversation.contact_id), conversation]));
}

async function meet(database, sender, known) {
  const profile = readProfile(sender.items);
  const contact = known ?? (await insertContact(database, sender, profile));
  if (known) await refresh(database, known, profile);
  if (!contact.user_id && !contact.unlinked_at) await linkUser(database, contact);
  return contact;
}

/** What the newest of the sender's messages tells about them. */
function readProfile(items) {
  const newest = items.reduce((one, other) => (other.at > one.at ? other : one));
  const { name, username } = newest.contact?.profile ?? {};
  return { name: name || null, username: username || null, at: newest.at };
}

async function insertContact(database, { accountId, from, variants }, profile) {
  const now = new Date();
  const phone = `+${from}`;
  const names = [profile.name, profile.username];
  const contact = {
    _id: new ObjectId(),
    account_id: accountId,
    identities: variants.map((value) => ({ kind: "wa_id", value })),
    wa_id: from,
    phone_number: phone,
    bsuid: null,
    username: profile.username,
    profile_name: profile.name,
    profile_at: profile.at,
    name: null,
    user_id: null,
    unlinked_at: null,
    tags: [],
    attributes: {},
    blocked: false,
    marketing_opt_out: false,
    changed_at: {},
    search_keys: makeKeys(names, variants),
    sort_name: makeSortName([...names, phone]),
    stale_keys: false,
    created_at: now,
    updated_at: now,
  };
  try {
    await database.contacts.insertOne(contact);
    return contact;
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    // Somebody else has just made it.
    const identity = { kind: "wa_id", value: { $in: variants } };
    return database.contacts.findOne({ account_id: accountId, identities: { $elemMatch: identity } });
  }
}

/** A user with the same phone is the same person; without one, the user gets the contact's id. */
async function linkUser(database, contact) {
  const phones = listPhoneVariants(contact.wa_id).map((digits) => `+${digits}`);
  const share = { $addToSet: { account_ids: contact.account_id } };
  let user = await database.users.findOneAndUpdate({ phone: { $in: phones } }, share);
  if (!user) {
    user = buildUser(contact);
    try {
      await database.users.insertOne(user);
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      user = await database.users.findOneAndUpdate(
        { $or: [{ _id: contact._id }, { phone: { $in: phones } }] },
        share,
      );
    }
  }
  await database.contacts.updateOne(
    { _id: contact._id, user_id: null, unlinked_at: null },
    { $set: { user_id: user._id, updated_at: new Date() } },
  );
}

const buildUser = ({ _id, account_id, profile_name, phone_number, wa_id }) => ({
  _id,
  name: profile_name,
  phone: phone_number,
  email: null,
  external_id: null,
  attributes: {},
  account_ids: [account_id],
  from_contact: true,
  search_keys: makeKeys([profile_name], listPhoneVariants(wa_id)),
  stale_keys: false,
  created_at: new Date(),
  updated_at: new Date(),
});

/** Shows another name, unless a newer message of the same customer has shown one. */
async function refresh(database, contact, { name, username, at }) {
  const shown = {
    ...(name && name !== contact.profile_name && { profile_name: name }),
    ...(username && username !== contact.username && { username }),
  };
  if (!Object.keys(shown).length) return;
  const names = [contact.name, name ?? contact.profile_name, username ?? contact.username];
  const numbers = contact.identities.map(({ value }) => value);
  await database.contacts.updateOne(
    { _id: contact._id, $or: [{ profile_at: null }, { profile_at: { $lt: at } }] },
    {
      $set: {
        ...shown,
        profile_at: at,
        search_keys: makeKeys(names, numbers),
        sort_name: makeSortName([...names, contact.phone_number]),
        updated_at: new Date(),
      },
    },
  );
}

async function converse(database, contact) {
  const place = { account_id: contact.account_id, contact_id: contact._id };
  const upsert = () =>
    database.conversations.findOneAndUpdate(
      place,
      { $setOnInsert: buildConversation() },
      { upsert: true, returnDocument: "after" },
    );
  return upsert().catch((error) => {
    if (isDuplicate(error)) return database.conversations.findOne(place);
    throw error;
  });
}

function buildConversation() {
  const now = new Date();
  return {
    status: "OPEN",
    closed_at: null,
    assignee_id: null,
    tags: [],
    last_message_id: null,
    last_message_at: null,
    last_inbound_at: null,
    last_activity_at: now,
    newest_unread_ids: [],
    newest_deleted_ids: [],
    read_up_to: null,
    receipt: { due_at: null, leased_until: null, attempts: 0, sent_up_to: null },
    typing_at: null,
    phone_read_at: null,
    created_at: now,
    updated_at: now,
  };
}
