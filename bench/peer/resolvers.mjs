// The queries: each resolver takes the stored document and shows one field of it.

import { requireRole } from "./access.mjs";
import { connect } from "./connections.mjs";
import { MediaContent, readContent } from "./content.mjs";
import { encodeId, parseId } from "./ids.mjs";
import { CONVERSATION, MESSAGE } from "./loaders.mjs";
import { listStanding } from "./reactions.mjs";
import { DateTime } from "./scalars.mjs";
import { listHistory, nameOfRank } from "./statuses.mjs";

const SERVICE_WINDOW_MS = 24 * 3600 * 1000;
const NEWEST_ACTIVITY = { name: "activity", field: "last_activity_at", descending: true };
const OLDEST_ACTIVITY = { name: "oldest_activity", field: "last_activity_at", descending: false };
const BY_TIMESTAMP = { name: "timestamp", field: "timestamp", descending: true };
const NO_OWN_REACTIONS = { $nor: [{ direction: "OUTBOUND", type: "reaction" }] };
const NOTHING = { account_id: { $in: [] } };

/** What the viewer may not see is the same as what does not exist. */
export const ifVisible = (document, viewer) =>
  document && viewer.canSee(document.account_id) ? document : null;

function limitToAccount(viewer, accountId) {
  if (accountId == null) return viewer.accountFilter;
  const id = parseId(accountId, "Account");
  return id && viewer.canSee(id) ? { account_id: id } : NOTHING;
}

const Query = {
  conversation: async (_root, { id }, context) => {
    const viewer = requireRole(context, "VIEWER");
    const conversationId = parseId(id, "Conversation");
    return conversationId && ifVisible(await context.loaders.conversations.load(conversationId), viewer);
  },
  conversations: (_root, { accountId, orderBy, ...page }, context) => {
    const viewer = requireRole(context, "VIEWER");
    return connect(context.database.conversations, limitToAccount(viewer, accountId), {
      order: orderBy === "OLDEST_ACTIVITY" ? OLDEST_ACTIVITY : NEWEST_ACTIVITY,
      projection: CONVERSATION,
      page,
    });
  },
};

const Conversation = {
  id: ({ _id }) => encodeId("Conversation", _id),
  lastActivityAt: (conversation) => conversation.last_activity_at,
  createdAt: (conversation) => conversation.created_at,
  unreadCount: ({ _id }, _args, { loaders }) => loaders.unreadCounts.load(_id),
  contact: ({ contact_id: id }, _args, { loaders }) => loaders.contacts.load(id),
  lastMessage: async ({ last_message_id: id }, _args, { loaders, viewer }) =>
    id && ifVisible(await loaders.messages.load(id), viewer),
  serviceWindow: ({ last_inbound_at: at }) => {
    const expiresAt = at && new Date(at.getTime() + SERVICE_WINDOW_MS);
    return { isOpen: Boolean(at) && Date.now() < expiresAt.getTime(), expiresAt };
  },
  messages: ({ _id }, page, { database }) =>
    connect(
      database.messages,
      { conversation_id: _id, ...NO_OWN_REACTIONS },
      { order: BY_TIMESTAMP, projection: MESSAGE, page },
    ),
};

const Contact = {
  id: ({ _id }) => encodeId("Contact", _id),
  waId: (contact) => contact.wa_id,
  phoneNumber: (contact) => contact.phone_number,
  profileName: (contact) => contact.profile_name,
  businessScopedUserId: (contact) => contact.bsuid,
  createdAt: (contact) => contact.created_at,
  updatedAt: (contact) => contact.updated_at,
  user: async ({ user_id: id }, _args, { loaders, viewer }) => {
    const user = id && (await loaders.users.load(id));
    return user && (viewer.accountIds === null || user.account_ids.some((one) => viewer.canSee(one)))
      ? user
      : null;
  },
};

const User = {
  id: ({ _id }) => encodeId("User", _id),
  externalId: (user) => user.external_id,
  createdAt: (user) => user.created_at,
};

const Message = {
  id: ({ _id }) => encodeId("Message", _id),
  type: (message) => message.type.toUpperCase(),
  text: (message) => (message.deleted_at ? null : message.text),
  status: (message) =>
    message.direction === "INBOUND" ? "RECEIVED" : nameOfRank(message.status_rank),
  whatsappId: (message) => message.wamid,
  createdAt: (message) => message.created_at,
  editedAt: (message) => message.edited_at,
  deletedAt: (message) => message.deleted_at,
  content: (message) => (message.deleted_at ? null : readContent(message)),
  statusHistory: (message) => listHistory(message.status_times),
  reactions: (message) => listStanding(message.reactions),
  contact: async ({ contact_id: id }, _args, { loaders, viewer }) =>
    ifVisible(await loaders.contacts.load(id), viewer),
  conversation: async ({ conversation_id: id }, _args, { loaders, viewer }) =>
    ifVisible(await loaders.conversations.load(id), viewer),
};

export const queryResolvers = {
  DateTime,
  Query,
  Conversation,
  Contact,
  User,
  Message,
  MediaContent,
};
