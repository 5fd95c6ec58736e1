// Lists with `maxItems`: what is far from the page that was added last is forgotten, without a gap.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ApolloLink, gql, Observable } from "@apollo/client";
import { createApollo, keepCacheUp, makePendingId, placeMessage } from "@wagraph/client/apollo";

const MAX_ITEMS = 4;
const HISTORY = gql`
  query History($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    conversation(id: $id) {
      id
      timeline(first: $first, after: $after, last: $last, before: $before) {
        nodes { id timestamp }
        pageInfo { hasNextPage endCursor hasPreviousPage startCursor }
      }
    }
  }
`;
const ID = "conversation";
const START = Date.parse("2026-01-01T00:00:00Z");

const toHex = (number) => number.toString(16).padStart(24, "0");
const toTime = (number) => new Date(START + number * 1_000).toISOString();
const toId = (number) => btoa(`Message:${toHex(number)}`);
const toCursor = (number) => btoa(JSON.stringify(["timestamp", START + number * 1_000, toHex(number)])).replace(/=+$/, "");
const message = (number) => ({ __typename: "Message", id: toId(number), timestamp: toTime(number) });

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

let cache;
beforeEach(() => {
  const socket = { subscribe: () => () => {} };
  ({ cache } = createApollo("http://127.0.0.1/graphql", async () => "", socket, { maxItems: MAX_ITEMS }));
});

/** Writes a page of the messages 0 to 9 as the server sends it, newest first. */
function writePage(from, to, page, query = HISTORY) {
  const nodes = Array.from({ length: from - to + 1 }, (_, index) => message(from - index));
  const pageInfo = { __typename: "PageInfo", hasNextPage: to > 0, endCursor: toCursor(to), hasPreviousPage: from < 9, startCursor: toCursor(from) };
  const timeline = { __typename: "TimelineItemConnection", nodes, pageInfo };
  cache.writeQuery({ query, variables: { id: ID, ...page }, data: { conversation: { __typename: "Conversation", id: ID, timeline } } });
}

function read() {
  const { nodes, pageInfo } = cache.readQuery({ query: HISTORY, variables: { id: ID } }).conversation.timeline;
  const { hasNextPage, endCursor, hasPreviousPage, startCursor } = pageInfo;
  return {
    numbers: nodes.map(({ id, timestamp }) => (id.startsWith("pending:") ? "pending" : (Date.parse(timestamp) - START) / 1_000)),
    older: hasNextPage ? endCursor : null,
    newer: hasPreviousPage ? startCursor : null,
  };
}

/** Stores an object and puts it into the list, as an event does. */
function place(item) {
  cache.writeFragment({ id: cache.identify(item), fragment: gql`fragment Item on Message { id timestamp }`, data: item });
  placeMessage(cache, { id: item.id, conversation: { id: ID } });
}

test("older and newer pages push out those at the other end", () => {
  writePage(9, 7, { first: 3 });
  writePage(6, 4, { first: 3, after: toCursor(7) });
  assert.deepEqual(read(), { numbers: [7, 6, 5, 4], older: toCursor(4), newer: toCursor(7) });
  writePage(3, 1, { first: 3, after: toCursor(4) });
  assert.deepEqual(read(), { numbers: [4, 3, 2, 1], older: toCursor(1), newer: toCursor(4) });
  writePage(7, 5, { last: 3, before: toCursor(4) });
  assert.deepEqual(read(), { numbers: [7, 6, 5, 4], older: toCursor(4), newer: toCursor(7) });
});

test("a query that can't go back keeps all items", () => {
  const forward = gql`
    query Forward($id: ID!, $first: Int, $after: String) {
      conversation(id: $id) {
        id
        timeline(first: $first, after: $after) { nodes { id timestamp } pageInfo { hasNextPage endCursor hasPreviousPage startCursor } }
      }
    }
  `;
  writePage(9, 7, { first: 3 }, forward);
  writePage(6, 4, { first: 3, after: toCursor(7) }, forward);
  assert.deepEqual(read(), { numbers: [9, 8, 7, 6, 5, 4], older: toCursor(4), newer: null });
});

test("a page for a place that was forgotten meanwhile is ignored", () => {
  writePage(9, 7, { first: 3 });
  writePage(6, 4, { first: 3, after: toCursor(7) });
  writePage(6, 4, { first: 3, after: toCursor(7) });
  writePage(9, 9, { last: 1, before: toCursor(8) });
  assert.deepEqual(read().numbers, [7, 6, 5, 4]);
});

test("new messages are not placed behind a gap, and those on their way are hidden until the newest are there", () => {
  writePage(9, 7, { first: 3 });
  writePage(6, 4, { first: 3, after: toCursor(7) });
  place(message(10));
  place({ __typename: "Message", id: makePendingId("key"), timestamp: toTime(20) });
  assert.deepEqual(read().numbers, [7, 6, 5, 4]);
  writePage(9, 7, { first: 3 });
  assert.deepEqual(read(), { numbers: ["pending", 9, 8, 7], older: toCursor(7), newer: null });
});

test("a list that grows by events is cut a quarter above its limit", () => {
  writePage(9, 8, { first: 2 });
  for (let number = 10; number < 13; number++) place(message(number));
  assert.deepEqual(read().numbers, [12, 11, 10, 9, 8]);
  place(message(13));
  assert.deepEqual(read(), { numbers: [13, 12, 11, 10], older: toCursor(10), newer: null });
});

test("the results of lists as they were before are released while events come", async () => {
  let deliver;
  const socket = { subscribe: (_, sink) => ((deliver = (event) => sink.next({ data: { events: event } })), () => {}) };
  const apollo = createApollo("http://127.0.0.1/graphql", async () => "", socket, { maxItems: MAX_ITEMS });
  apollo.setLink(new ApolloLink(() => new Observable((sink) => (sink.next({ data: { eventCursor: "0" } }), sink.complete()))));
  cache = apollo.cache;
  const results = [];
  let [events, finish] = [0, () => {}];
  const stop = keepCacheUp(apollo, socket, {
    document: gql`subscription Live($after: String) {
      events(after: $after) { cursor ... on MessageAdded { message { id timestamp conversation { id } } } }
    }`,
    onEvent: () => void (++events === 450 && finish()),
    onError: (error) => assert.fail(error),
  });
  while (!deliver) await new Promise((resolve) => setTimeout(resolve));
  writePage(9, 8, { first: 2 });
  cache.watch({ query: HISTORY, variables: { id: ID }, optimistic: true, callback: ({ result }) => results.push(new WeakRef(result.conversation.timeline.nodes)) });
  await new Promise((resolve) => {
    finish = resolve;
    const conversation = { __typename: "Conversation", id: ID };
    for (let number = 10; number < 460; number++) {
      deliver({ __typename: "MessageAdded", cursor: `${number}`, message: { ...message(number), conversation } });
    }
  });
  stop();
  assert.equal(read().numbers[0], 459);
  await new Promise((resolve) => setTimeout(resolve));
  collect();
  assert.ok(results.filter((result) => result.deref()).length < 100);
});
