// graphql-ws: everything over one WebSocket.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { follow } from "@wagraph/client";
import * as world from "./world.mjs";

const clients = [];
let network;
let conversationId;

before(async () => {
  network = await world.openNetwork();
  conversationId = await world.fillInbox();
});
after(() => {
  clients.forEach((client) => client.dispose());
  network.close();
});

function connect(key = world.ADMIN_KEY, options = {}) {
  const client = world.openFast(network, key, options);
  clients.push(client);
  return client;
}

async function run(client, query, variables = {}) {
  const results = [];
  for await (const result of client.iterate({ query, variables })) results.push(result);
  assert.equal(results.length, 1);
  return results[0];
}

test("queries, page by page", async () => {
  const client = connect();
  const seen = [];
  for (let cursor = null; ; ) {
    const { data } = await run(client, world.INBOX, { first: 5, after: cursor });
    seen.push(...data.conversations.edges.map(({ node }) => node.id));
    if (!data.conversations.pageInfo.hasNextPage) break;
    cursor = data.conversations.pageInfo.endCursor;
  }
  assert.equal(seen.length, world.CUSTOMERS);
  assert.equal(new Set(seen).size, world.CUSTOMERS);
});

test("mutates, and hears of each status", async () => {
  const client = connect();
  const { data: here } = await run(client, world.CURSOR);
  const variables = world.press(conversationId, "by graphql-ws");
  const { data } = await run(client, world.SEND, variables);
  assert.deepEqual(data.sendMessage.userErrors, []);
  const again = await run(client, world.SEND, variables);
  assert.equal(again.data.sendMessage.message.id, data.sendMessage.message.id);

  const statuses = [];
  const query = world.STATUSES;
  for await (const event of client.iterate({ query, variables: { after: here.eventCursor } })) {
    statuses.push(event.data.messageStatusChanged.status);
    if (statuses.at(-1) === "READ") break;
  }
  assert.deepEqual(statuses.slice(-3), ["SENT", "DELIVERED", "READ"]);
});

test("refusals are data, errors have codes, and the socket lives on", async () => {
  const client = connect();
  const { data } = await run(client, world.SEND, world.press("nobody", "hello"));
  assert.equal(data.sendMessage.message, null);
  assert.equal(data.sendMessage.userErrors[0].code, "NOT_FOUND");

  for (const [query, variables, code] of [
    ["{", {}, "GRAPHQL_PARSE_FAILED"],
    ["{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"],
    [world.LIVE, { after: "forged" }, "BAD_USER_INPUT"],
  ]) {
    await assert.rejects(run(client, query, variables), (errors) => {
      assert.equal(errors[0].extensions.code, code);
      return true;
    });
  }
  const viewer = connect(world.VIEWER_KEY);
  const refused = await run(viewer, world.SEND, world.press(conversationId, "hello"));
  assert.equal(refused.errors[0].extensions.code, "FORBIDDEN");
});

test("a wrong key closes with 4403, and a new one is tried once", async () => {
  const closes = [];
  const client = connect("wag_wrong", { on: { closed: (event) => closes.push(event.code) } });
  await assert.rejects(run(client, world.CURSOR), (event) => event.code === 4403);
  assert.deepEqual(closes, [4403, 4403]);
});

test("after a cut it goes on where it was", async () => {
  const client = connect();
  await world.checkReconnect(network, (cursor, onText) => {
    const request = { query: world.LIVE, variables: { after: cursor } };
    return follow(client, request, {
      next: ({ data }) => onText(data.messageAdded.message.text),
      error: assert.ifError,
    });
  });
});
