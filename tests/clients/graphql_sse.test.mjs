// graphql-sse: everything as event streams over plain HTTP.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "graphql-sse";
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
  const client = createClient({
    url: network.url,
    headers: { Authorization: `Bearer ${key}` },
    retryAttempts: 1000,
    retry: () => new Promise((resolve) => setTimeout(resolve, 20)),
    ...options,
  });
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
    const variables = { id: conversationId, first: 10, after: cursor };
    const { data } = await run(client, world.HISTORY, variables);
    const { edges, pageInfo } = data.conversation.messages;
    seen.push(...edges.map(({ node }) => node.text));
    if (!pageInfo.hasNextPage) break;
    cursor = pageInfo.endCursor;
  }
  const written = Array.from({ length: world.MESSAGES }, (_, number) => `message ${number}`);
  assert.deepEqual(seen.sort(), written.sort());
});

test("mutates, and hears of each status", async () => {
  const client = connect();
  const { data: here } = await run(client, world.CURSOR);
  const { data } = await run(client, world.SEND, world.press(conversationId, "by graphql-sse"));
  assert.deepEqual(data.sendMessage.userErrors, []);

  const statuses = [];
  const query = world.STATUSES;
  for await (const event of client.iterate({ query, variables: { after: here.eventCursor } })) {
    statuses.push(event.data.messageStatusChanged.status);
    if (statuses.at(-1) === "READ") break;
  }
  assert.deepEqual(statuses.slice(-3), ["SENT", "DELIVERED", "READ"]);
});

test("refusals are data, errors have codes", async () => {
  const client = connect();
  const { data } = await run(client, world.SEND, world.press("nobody", "hello"));
  assert.equal(data.sendMessage.userErrors[0].code, "NOT_FOUND");

  const viewer = connect(world.VIEWER_KEY);
  for (const [asking, query, variables, code] of [
    [client, "{", {}, "GRAPHQL_PARSE_FAILED"],
    [client, "{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"],
    [client, world.LIVE, { after: "forged" }, "BAD_USER_INPUT"],
    [viewer, world.SEND, world.press(conversationId, "hello"), "FORBIDDEN"],
  ]) {
    const { errors } = await run(asking, query, variables);
    assert.equal(errors[0].extensions.code, code);
  }
});

test("a wrong key is a 401 with a code", async () => {
  const client = connect("wag_wrong", { retryAttempts: 0 });
  const error = await run(client, world.CURSOR).catch((caught) => caught);
  assert.equal(error.response?.status, 401, String(error));
  const { errors } = await error.response.json();
  assert.equal(errors[0].extensions.code, "UNAUTHENTICATED");
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
