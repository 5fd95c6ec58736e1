import type { Reference } from "@apollo/client";
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

const until =
  (field: string): Rule =>
  (expected, read) =>
    map(read(field), (value) => value !== null && Date.parse(value) <= Date.parse(expected));

/** Rules by the fields of `ConversationFilter`. Lists with others, which change with time, are loaded again. */
const CONVERSATION_RULES: Record<string, Rule> = {
  statuses: oneOf("status"),
  assignee: ({ is, none }, read) =>
    is != null ? map(read("assignee", "id"), (id) => id === is) : map(read("assignee"), (agent) => (agent === null) === none),
  unread: isTrue("unreadCount", (count) => count > 0),
  waiting: isTrue("waitingSince", (time) => time !== null),
  waitingSince: until("waitingSince"),
  activeSince: since("lastActivityAt"),
  tags: ({ all, any }, read) =>
    map(read("tags"), (tags: string[]) => {
      const has = (tag: string) => tags.includes(tag);
      return (isEmpty(all) || all.every(has)) && (isEmpty(any) || any.some(has));
    }),
};

const MESSAGE_RULES: Record<string, Rule> = {
  direction: oneOf("direction"),
  types: oneOf("type"),
  since: since("timestamp"),
  until: until("timestamp"),
};

const isEmpty = (list: unknown) => list == null || (Array.isArray(list) && list.length === 0);

const map = <Value>(value: Value | undefined, check: (value: Value) => boolean) =>
  value === undefined ? undefined : check(value);

export const isConversationOf: IsMember = (args, item, readField) =>
  meets(CONVERSATION_RULES, args, item, readField, readField<Reference>("account", item));

export const isMessageOf: IsMember = (args, item, readField) => meets(MESSAGE_RULES, args, item, readField, undefined);

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
