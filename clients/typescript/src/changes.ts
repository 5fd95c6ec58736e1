/** An event of the subscription `events`, as far as the lists depend on it. */
export interface LiveEvent {
  __typename?: string;
  [field: string]: any;
}

export interface ObjectKey {
  type: string;
  id: string;
}

/** A list with pages: a field of an object, or of the root if `owner` is null. */
export interface ListKey {
  owner: ObjectKey | null;
  field: "messages" | "timeline" | "conversations";
}

/** Changes that an event implies, besides the fields that it brings. */
export type Change =
  /** Puts an object where it belongs in each list of a field, or removes it from those to which it does not belong. */
  | { kind: "place"; object: ObjectKey; list: ListKey }
  /** The message that was shown before the server had it is no longer needed. */
  | { kind: "settle"; idempotencyKey: string }
  /** Removes an object, the objects that refer to it by the field `owning`, and the objects of removed conversations. */
  | { kind: "remove"; object: ObjectKey; owning?: string }
  /** Fields of the root that only the server can update. */
  | { kind: "reload"; field: string };

/**
 * Returns the changes that an event implies for a normalised cache, which holds its objects.
 *
 * A type that this version does not know changes nothing.
 */
export function listChanges(event: LiveEvent): Change[] {
  switch (event.__typename) {
    case "MessageAdded":
      return listMessageChanges(event["message"]);
    case "NoteAdded":
      return [placeInTimeline("Note", event["note"])];
    case "ConversationChangeAdded":
      return [placeInTimeline("ConversationChange", event["change"])];
    case "NoteDeleted":
      return [remove("Note", event["noteId"])];
    case "ConversationUpdated":
      return [placeInInbox(event["conversation"])];
    case "ContactUpdated":
      return [{ kind: "reload", field: "contacts" }];
    case "AgentUpdated":
      return [{ kind: "reload", field: "agents" }];
    case "UserUpdated":
      return [{ kind: "reload", field: "users" }];
    case "TemplateUpdated":
      return [{ kind: "reload", field: "templates" }];
    case "ContactDeleted":
      return [remove("Contact", event["contactId"], "contact")];
    case "AccountUpdated":
      // The account may be new.
      return [{ kind: "reload", field: "accounts" }, { kind: "reload", field: "viewer" }];
    case "AccountDeleted":
      return [remove("Account", event["account"].id, "account")];
    default:
      return [];
  }
}

interface TimelineItem {
  id: string;
  conversation: { id: string };
}

/** Returns the changes by a new message, which replaces a pending one with its idempotency key. */
export function listMessageChanges(message: TimelineItem & { idempotencyKey?: string | null }): Change[] {
  const { id, conversation, idempotencyKey } = message;
  const list: ListKey = { owner: { type: "Conversation", id: conversation.id }, field: "messages" };
  return [
    ...(idempotencyKey ? [{ kind: "settle", idempotencyKey } as const] : []),
    { kind: "place", object: { type: "Message", id }, list },
    placeInTimeline("Message", message),
  ];
}

export const placeInTimeline = (type: string, { id, conversation }: TimelineItem): Change => ({
  kind: "place",
  object: { type, id },
  list: { owner: { type: "Conversation", id: conversation.id }, field: "timeline" },
});

export const placeInInbox = ({ id }: { id: string }): Change => ({
  kind: "place",
  object: { type: "Conversation", id },
  list: { owner: null, field: "conversations" },
});

const remove = (type: string, id: string, owning?: string): Change => ({
  kind: "remove",
  object: { type, id },
  ...(owning && { owning }),
});
