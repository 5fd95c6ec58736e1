// API keys, checked against the database on each request and socket, as whatsapp/auth/api_keys.py does.

import { createHash, timingSafeEqual } from "node:crypto";
import { createGraphQLError } from "graphql-yoga";

const TOKEN = /^wag_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;
const RANKS = { VIEWER: 1, AGENT: 2, ADMIN: 3 };
const LAST_USED_STEP_MS = 60_000;

export class Viewer {
  constructor(key) {
    this.name = key.name;
    this.role = key.role;
    // As text, so that a look-up compares ids by value; null: every account.
    this.accountIds = key.account_ids && new Set(key.account_ids.map((id) => id.toHexString()));
    this.accountFilter = key.account_ids ? { account_id: { $in: key.account_ids } } : {};
  }

  canSee(accountId) {
    return this.accountIds === null || this.accountIds.has(accountId.toHexString());
  }
}

/** The viewer of `Bearer wag_…`, or null where the key is malformed, unknown, expired or revoked. */
export async function authenticate(database, authorization) {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  const prefix = token && TOKEN.exec(token)?.[1];
  if (!prefix) return null;
  const key = await database.apiKeys.findOne({ prefix });
  if (!key || !isSame(key.secret_hash, createHash("sha256").update(token).digest("hex"))) return null;
  const now = new Date();
  if (key.revoked_at || (key.expires_at && key.expires_at <= now)) return null;
  if (!key.last_used_at || now - key.last_used_at > LAST_USED_STEP_MS) {
    await database.apiKeys.updateOne({ _id: key._id }, { $max: { last_used_at: now } });
  }
  return new Viewer(key);
}

function isSame(expected, given) {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Returns the viewer; throws without a valid credential or with a lower role. */
export function requireRole(context, role) {
  if (!context.viewer) throw unauthenticated();
  if (RANKS[context.viewer.role] < RANKS[role]) {
    throw createGraphQLError(`Requires role ${role}.`, { extensions: { code: "FORBIDDEN" } });
  }
  return context.viewer;
}

export const unauthenticated = () =>
  createGraphQLError(
    "Send a valid API key or a token of your identity provider in the header" +
      " `Authorization: Bearer ...`.",
    { extensions: { code: "UNAUTHENTICATED" } },
  );

export const badInput = (message) =>
  createGraphQLError(message, { extensions: { code: "BAD_USER_INPUT" } });
