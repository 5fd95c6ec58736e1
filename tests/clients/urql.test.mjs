// urql: its fetch exchange, and subscriptions both over graphql-ws and as event streams of its own.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client, fetchExchange } from "@urql/core";
import { createUrql } from "./build/guide/urql.js";
import * as world from "./world.mjs";

const sockets = [];
let network;
let conversationId;

before(async () => {
  network = await world.openNetwork();
  conversationId = await world.fillInbox();
});
after(() => {
  sockets.forEach((socket) => socket.dispose());
  network.close();
});

function connect(key = world.ADMIN_KEY, options = {}) {
  const socket = world.openFast(network, key);
  sockets.push(socket);
  return createUrql(network.url, world.giveKey(key), socket, options);
}

for (const preferGetMethod of [false, "force"]) {
  test(`queries, page by page, ${preferGetMethod ? "by GET" : "by POST"}`, async () => {
    const client = connect(world.ADMIN_KEY, { preferGetMethod });
    const seen = [];
    for (let cursor = null; ; ) {
      const { data, error } = await client.query(world.INBOX, { first: 5, after: cursor });
      assert.equal(error, undefined);
      seen.push(...data.conversations.edges.map(({ node }) => node.id));
      if (!data.conversations.pageInfo.hasNextPage) break;
      cursor = data.conversations.pageInfo.endCursor;
    }
    assert.equal(seen.length, world.CUSTOMERS);
    assert.equal(new Set(seen).size, world.CUSTOMERS);
  });
}

test("mutates, and refusals are data", async () => {
  const client = connect();
  const sent = await client.mutation(world.SEND, world.press(conversationId, "by urql"));
  assert.equal(sent.data.sendMessage.message.text, "by urql");

  const refused = await client.mutation(world.SEND, world.press("nobody", "hello"));
  assert.equal(refused.error, undefined);
  assert.equal(refused.data.sendMessage.userErrors[0].code, "NOT_FOUND");
});

test("errors have codes, whatever their status", async () => {
  const variables = world.press(conversationId, "hello");
  for (const [code, asking] of [
    ["FORBIDDEN", connect(world.VIEWER_KEY).mutation(world.SEND, variables)],
    ["UNAUTHENTICATED", connect("wag_wrong").query(world.INBOX, { first: 1 })],
    ["BAD_USER_INPUT", connect().query(world.INBOX, { first: "x" })],
    ["GRAPHQL_VALIDATION_FAILED", connect().query("{ nothing }", {})],
  ]) {
    const { error } = await asking;
    assert.equal(error?.graphQLErrors[0]?.extensions.code, code, String(error));
  }
});

function listen(client, cursor, onText) {
  return new Promise((resolve) => {
    const { unsubscribe } = client
      .subscription(world.LIVE, { after: cursor })
      .subscribe(({ data, error }) => {
        assert.equal(error, undefined);
        if (data) onText(data.messageAdded.message.text);
      });
    resolve(unsubscribe);
  });
}

test("after a cut it goes on where it was", async () => {
  const client = connect();
  await world.checkReconnect(network, (cursor, onText) => listen(client, cursor, onText));
});

test("subscribes by an event stream of its own", async () => {
  const headers = { Authorization: `Bearer ${world.ADMIN_KEY}` };
  const client = new Client({
    url: network.url,
    exchanges: [fetchExchange],
    fetchOptions: { headers },
    fetchSubscriptions: true,
  });
  const { eventCursor } = await world.ask(world.CURSOR);
  const texts = [];
  const stop = await listen(client, eventCursor, (text) => texts.push(text));
  for (const text of ["one", "two", "three"]) {
    await world.say(text);
    await world.eventually(() => texts.at(-1) === text);
  }
  stop();
  assert.deepEqual(texts, ["one", "two", "three"]);
});

test("uploads", async () => {
  const variables = { accountId: await world.findAccount(), file: world.PICTURE };
  const { data, error } = await connect().mutation(world.UPLOAD, variables);

  assert.equal(error, undefined);
  world.checkUpload(data.uploadMedia);
});
