import type { Reference } from "@apollo/client";
import type { ConversationFilterField, MessageFilterField, TimelineFilterField } from "../generated/schema.js";
import type { IsMember, ListArguments } from "./lists.js";
import type { ReadField } from "./order.js";

/** Checks one value of a filter against an item; undefined if the item's field was not selected. */
type Rule = (expected: any, read: (...path: string[]) => any) => boolean | undefined;

const oneOf =
  (...path: string[]): Rule =>
  (expected, read) =>
    map(read(...path), (value) => isEmpty(expected) || [expected].flat().includes(value));

const isTrue =
  (field: string, check: (value: any) => boolean): Rule =>
  (expected, read) =>
    map(read(field), (value) => check(value) === expected);

const since =
  (field: string): Rule =>
  (expected, read) =>
    map(read(field), (value) => Date.parse(value) >= Date.parse(expected));

const before =
  (field: string): Rule =>
  (expected, read) =>
    map(read(field), (value) => Date.parse(value) < Date.parse(expected));

const isSentBy: Rule = (expected, read) => {
  const sender = read("sender");
  if (sender == null) return map(sender, () => false);
  const type = read("sender", "__typename");
  return type === "AgentSender" ? map(read("sender", "agent", "id"), (id) => id === expected) : map(type, () => false);
};

/** Only the server checks it: the list is loaded again. */
const onServer: Rule = () => undefined;

/** The rule of each field. The build fails if the schema has a field without one. */
const CONVERSATION_RULES: Record<ConversationFilterField, Rule> = {
  statuses: oneOf("status"),
  assignee: ({ is, none }, read) =>
    is != null ? map(read("assignee", "id"), (id) => id === is) : map(read("assignee"), (agent) => (agent === null) === none),
  unread: isTrue("unreadCount", (count) => count > 0),
  waiting: isTrue("waitingSince", (time) => time !== null),
  waitingSince: (expected, read) =>
    map(read("waitingSince"), (time) => time !== null && Date.parse(time) <= Date.parse(expected)),
  // It changes with time.
  windowOpen: onServer,
  activeSince: since("lastActivityAt"),
  contactAttributes: onServer,
  tags: ({ all, any }, read) =>
    map(read("tags"), (tags: string[]) => {
      const has = (tag: string) => tags.includes(tag);
      return (isEmpty(all) || all.every(has)) && (isEmpty(any) || any.some(has));
    }),
};

const MESSAGE_RULES: Record<MessageFilterField, Rule> = {
  direction: oneOf("direction"),
  types: oneOf("type"),
  senderId: isSentBy,
  since: since("timestamp"),
  until: before("timestamp"),
};

const TIMELINE_RULES: Record<TimelineFilterField, Rule> = {
  kinds: (expected, read) => isEmpty(expected) || map(readKind(read), (kind) => expected.includes(kind)),
};

function readKind(read: Parameters<Rule>[1]): string | undefined {
  const type = read("__typename");
  if (type === "Note") return "NOTE";
  if (type === "ConversationChange") return "CHANGE";
  return type && map(read("type"), (messageType) => (messageType === "CALL" ? "CALL" : "MESSAGE"));
}

const isEmpty = (list: unknown) => list == null || (Array.isArray(list) && list.length === 0);

const map = <Value, Result>(value: Value | undefined, check: (value: Value) => Result): Result | undefined =>
  value === undefined ? undefined : check(value);

export const isConversationOf: IsMember = (args, item, readField) =>
  meets(CONVERSATION_RULES, args, item, readField, readField<Reference>("account", item));

export const isMessageOf: IsMember = (args, item, readField) => meets(MESSAGE_RULES, args, item, readField, undefined);

export const isTimelineItemOf: IsMember = (args, item, readField) => meets(TIMELINE_RULES, args, item, readField, undefined);

/** Checks an item against `accountId` and `filter`; undefined for a rule that this version does not know. */
function meets(
  rules: Record<string, Rule>,
  { accountId, filter }: ListArguments,
  item: Reference,
  readField: ReadField,
  account: Reference | undefined,
): boolean | undefined {
  const answers = Object.entries(filter ?? {})
    .filter(([, expected]) => expected !== null && expected !== undefined)
    .map(([name, expected]) => rules[name]?.(expected, (...path) => readPath(item, path, readField)));
  if (accountId) answers.push(account && readField("id", account) === accountId);
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

/** Reads a field of the object that a field refers to; null if it refers to none. */
function readPath(item: Reference, path: string[], readField: ReadField): unknown {
  return path.reduce<unknown>(
    (value, field) => (value == null ? value : readField(field, value as Reference)),
    item,
  );
}
