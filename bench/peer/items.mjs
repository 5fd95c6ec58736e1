// Takes a webhook body apart: every message and every status of every change, with its account.
// What can't be applied is parked with its reason, never lost, and never harms its neighbours.

import { createHash } from "node:crypto";

/** `unfit` are those that can't be applied; each item has what it takes to park it. */
export async function listItems(database, events) {
  const items = events.flatMap((event) => [...walkEvent(event)]);
  const accounts = await findAccounts(database, items);
  const found = { messages: [], statuses: [], unfit: [] };
  for (const item of items) {
    item.account = accounts.get(item.phoneNumberId);
    item.reason ??= judge(item);
    found[item.reason ? "unfit" : item.kind].push(item);
  }
  return found;
}

function* walkEvent(event) {
  const text = (Buffer.isBuffer(event.body) ? event.body : Buffer.from(event.body.value())).toString();
  const entries = readEntries(text);
  if (!entries) yield { event, pointer: "", value: text, reason: "INVALID_BODY" };
  for (const [position, entry] of Object.entries(entries ?? [])) {
    for (const item of walkEntry(entry, `/entry/${position}`)) yield { event, ...item };
  }
}

function readEntries(text) {
  try {
    const { entry } = JSON.parse(text);
    return Array.isArray(entry) ? entry : null;
  } catch {
    return null;
  }
}

function* walkEntry(entry, place) {
  for (const [position, change] of Object.entries(entry?.changes ?? [])) {
    const { field, value } = change ?? {};
    const common = { field, phoneNumberId: value?.metadata?.phone_number_id };
    const pointer = `${place}/changes/${position}/value`;
    if (field !== "messages" || typeof value !== "object" || value === null) {
      // Account fields, templates and so on: nothing measured needs them.
      yield { ...common, pointer, value, reason: "INVALID_ITEM" };
      continue;
    }
    for (const kind of ["messages", "statuses"]) {
      for (const [index, one] of Object.entries(value[kind] ?? [])) {
        const contact = value.contacts?.find(({ wa_id: id }) => id === one?.from);
        yield { ...common, kind, pointer: `${pointer}/${kind}/${index}`, value: one, contact };
      }
    }
  }
}

async function findAccounts(database, items) {
  const ids = [...new Set(items.map((item) => item.phoneNumberId).filter(Boolean))];
  const found = await database.accounts
    .find(
      { phone_number_id: { $in: ids }, deleted_at: null },
      { projection: { phone_number_id: 1, enabled: 1, app_secret_digest: 1 } },
    )
    .toArray();
  return new Map(found.map((account) => [account.phone_number_id, account]));
}

/** Nobody forges another account's messages: an account with a secret of its own needs that one. */
function judge({ account, event }) {
  if (!account) return "UNKNOWN_ACCOUNT";
  if ((account.app_secret_digest ?? event.secret_digest) !== event.secret_digest) return "WRONG_SECRET";
  return account.enabled ? null : "ACCOUNT_DISABLED";
}

export function parkItem(database, { event, pointer, value, reason, account, ...item }) {
  return park(database, event, {
    pointer,
    item: typeof value === "string" ? value : JSON.stringify(value ?? null),
    reason,
    account_id: account?._id ?? null,
    phone_number_id: item.phoneNumberId ?? null,
    field: typeof item.field === "string" ? item.field : null,
  });
}

/** Processing an event twice parks its items once. */
function park(database, event, fields) {
  const id = createHash("sha256").update(`${event._id}${fields.pointer}`).digest("hex");
  const parked = {
    event_id: event._id,
    account_id: null,
    phone_number_id: null,
    business_account_id: null,
    field: null,
    entry: null,
    secret_digest: event.secret_digest,
    details: null,
    state: "PARKED",
    created_at: new Date(),
    resolved_at: null,
    ...fields,
  };
  return database.parkedItems.updateOne({ _id: id }, { $setOnInsert: parked }, { upsert: true });
}
