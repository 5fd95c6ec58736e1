// Apollo Client: its HTTP link and cache, and its subscriptions over graphql-ws.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CombinedGraphQLErrors, gql } from "@apollo/client";
import { createApollo } from "@wagraph/client/apollo";
import * as world from "./world.mjs";

const sockets = [];
const apollos = [];
let network;
let conversationId;

before(async () => {
  network = await world.openNetwork();
  conversationId = await world.fillInbox();
});
after(() => {
  apollos.forEach((apollo) => apollo.stop());
  sockets.forEach((socket) => socket.dispose());
  network.close();
});

function connect(key = world.ADMIN_KEY) {
  const socket = world.openFast(network, key);
  const apollo = createApollo(network.url, world.giveKey(key), socket);
  sockets.push(socket);
  apollos.push(apollo);
  return apollo;
}

test("queries, and fetches more into one list", async () => {
  const apollo = connect();
  const inbox = apollo.watchQuery({ query: gql(world.INBOX), variables: { first: 5 } });
  const subscription = inbox.subscribe(() => {});
  // It shows what came a moment after it came.
  const show = (least) =>
    world.eventually(() => {
      const list = inbox.getCurrentResult().data?.conversations;
      return list?.edges.length >= least && list;
    });
  let list = await show(1);
  while (list.pageInfo.hasNextPage) {
    await inbox.fetchMore({ variables: { after: list.pageInfo.endCursor } });
    list = await show(list.edges.length + 1);
  }
  subscription.unsubscribe();
  const ids = list.edges.map(({ node }) => node.id);
  assert.equal(ids.length, world.CUSTOMERS);
  assert.equal(new Set(ids).size, world.CUSTOMERS);
});

test("mutates", async () => {
  const apollo = connect();
  const variables = world.press(conversationId, "by Apollo");
  const first = await apollo.mutate({ mutation: gql(world.SEND), variables });
  const again = await apollo.mutate({ mutation: gql(world.SEND), variables });

  assert.equal(first.data.sendMessage.message.text, "by Apollo");
  assert.equal(again.data.sendMessage.message.id, first.data.sendMessage.message.id);
});

test("refusals are data", async () => {
  const variables = world.press("nobody", "hello");
  const { data } = await connect().mutate({ mutation: gql(world.SEND), variables });

  assert.equal(data.sendMessage.message, null);
  assert.equal(data.sendMessage.userErrors[0].code, "NOT_FOUND");
  assert.deepEqual(data.sendMessage.userErrors[0].field, ["to", "conversationId"]);
});

test("errors have codes, whatever their status", async () => {
  const send = gql(world.SEND);
  const inbox = gql(world.INBOX);
  const variables = world.press(conversationId, "hello");
  for (const [code, asking] of [
    ["FORBIDDEN", () => connect(world.VIEWER_KEY).mutate({ mutation: send, variables })],
    ["UNAUTHENTICATED", () => connect("wag_wrong").query({ query: inbox, variables: { first: 1 } })],
    ["BAD_USER_INPUT", () => connect().query({ query: inbox, variables: { first: "x" } })],
    ["GRAPHQL_VALIDATION_FAILED", () => connect().query({ query: gql`{ nothing }` })],
  ]) {
    await assert.rejects(asking, (error) => {
      assert.ok(CombinedGraphQLErrors.is(error), String(error));
      assert.equal(error.errors[0].extensions.code, code);
      return true;
    });
  }
});

test("after a cut it goes on where it was", async () => {
  const apollo = connect();
  await world.checkReconnect(network, (cursor, onText) => {
    const live = apollo.subscribe({ query: gql(world.LIVE), variables: { after: cursor } });
    const subscription = live.subscribe({
      next: ({ data }) => onText(data.messageAdded.message.text),
      error: assert.ifError,
    });
    return () => subscription.unsubscribe();
  });
});

test("uploads", async () => {
  const variables = { accountId: await world.findAccount(), file: world.PICTURE };
  const { data } = await connect().mutate({ mutation: gql(world.UPLOAD), variables });

  world.checkUpload(data.uploadMedia);
});
