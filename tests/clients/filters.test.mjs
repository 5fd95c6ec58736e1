// The client checks each field of a filter by itself, as the server does.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { buildSchema } from "graphql";

import { isConversationOf, isMessageOf, isTimelineItemOf } from "../../clients/typescript/dist/apollo/filters.js";

const NOON = "2026-01-01T12:00:00+00:00";
const EARLIER = "2026-01-01T11:00:00+00:00";
const agent = { __typename: "Agent", id: "kim" };
const bySender = { __typename: "AgentSender", agent };

// For each field: a filter, an item that meets it and items that don't. The server alone checks the empty ones.
const CONVERSATIONS = {
  statuses: [["OPEN"], { status: "OPEN" }, { status: "CLOSED" }],
  assignee: [{ is: "kim" }, { assignee: agent }, { assignee: null }, { assignee: { ...agent, id: "ada" } }],
  tags: [{ all: ["a"], any: ["b", "c"] }, { tags: ["a", "c"] }, { tags: ["a"] }, { tags: ["c"] }],
  unread: [true, { unreadCount: 1 }, { unreadCount: 0 }],
  waiting: [true, { waitingSince: NOON }, { waitingSince: null }],
  waitingSince: [NOON, { waitingSince: NOON }, { waitingSince: "2026-01-01T12:00:01+00:00" }, { waitingSince: null }],
  activeSince: [NOON, { lastActivityAt: NOON }, { lastActivityAt: EARLIER }],
  windowOpen: [],
  contactAttributes: [],
};
const MESSAGES = {
  direction: ["INBOUND", { direction: "INBOUND" }, { direction: "OUTBOUND" }],
  types: [["TEXT", "IMAGE"], { type: "TEXT" }, { type: "VIDEO" }],
  senderId: ["kim", { sender: bySender }, { sender: null }, { sender: { __typename: "ApiKeySender" } }, { sender: { ...bySender, agent: { ...agent, id: "ada" } } }],
  since: [NOON, { timestamp: NOON }, { timestamp: EARLIER }],
  until: [NOON, { timestamp: EARLIER }, { timestamp: NOON }],
};

const TIMELINE = {
  kinds: [
    ["CALL", "NOTE"],
    { __typename: "Message", type: "CALL" },
    { __typename: "Message", type: "TEXT" },
    { __typename: "ConversationChange" },
  ],
};

const schema = buildSchema(readFileSync(new URL("../../schema.graphql", import.meta.url), "utf8"));
const read = (field, item) => item[field];

for (const [type, examples, isMember] of [
  ["ConversationFilter", CONVERSATIONS, isConversationOf],
  ["MessageFilter", MESSAGES, isMessageOf],
  ["TimelineFilter", TIMELINE, isTimelineItemOf],
]) {
  test(`${type}: each field of the schema is known`, () => {
    assert.deepEqual(Object.keys(schema.getType(type).getFields()).sort(), Object.keys(examples).sort());
    for (const [field, [expected, member, ...others]] of Object.entries(examples)) {
      const isIn = (item) => isMember({ filter: { [field]: expected ?? true } }, item, read);
      // Without the item's fields the list is loaded again.
      assert.equal(isIn({}), undefined, field);
      if (member === undefined) continue;
      assert.equal(isIn(member), true, field);
      for (const other of others) assert.equal(isIn(other), false, field);
    }
  });
}
