// Apollo Client: its HTTP link and cache, and its subscriptions over graphql-ws.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CombinedGraphQLErrors, gql } from "@apollo/client";
import { HistoryDocument, InboxDocument } from "./build/generated/graphql.js";
import { createApollo } from "./build/guide/apollo.js";
import { keepUp } from "./build/guide/inbox.js";
import { findWait, sendText } from "./build/guide/send.js";
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

test("generated documents run", async () => {
  const apollo = connect();
  const inbox = await apollo.query({ query: InboxDocument, variables: {} });
  const history = await apollo.query({ query: HistoryDocument, variables: { conversationId } });

  assert.equal(inbox.data.conversations.edges.length, world.CUSTOMERS);
  assert.equal(history.data.conversation.contact.profileName, "Ada");
});

test("shows a text at once, and sends it once although the network is away", async () => {
  const shown = [];
  network.goDown();
  const sending = sendText(connect(), conversationId, "sent once", (sent) => shown.push(sent));
  assert.equal(shown[0].message.status, "QUEUED");
  await new Promise((resolve) => setTimeout(resolve, 100));
  network.comeBack();
  const sent = await sending;

  assert.deepEqual(sent.userErrors, []);
  assert.equal(shown.at(-1).message.id, sent.message.id);
  const variables = { id: conversationId, first: 100 };
  const { conversation } = await world.ask(world.HISTORY, variables);
  const texts = conversation.messages.edges.map(({ node }) => node.text);
  assert.equal(texts.filter((text) => text === "sent once").length, 1);
});

test("knows when to try again", () => {
  const error = (extensions) => new CombinedGraphQLErrors({ errors: [{ message: "no", extensions }] });
  assert.equal(findWait(error({ code: "RATE_LIMITED", retryAfter: 7 }), 0), 7);
  assert.equal(findWait(error({ code: "SERVICE_UNAVAILABLE" }), 1), 1);
  assert.equal(findWait(error({ code: "FORBIDDEN" }), 0), null);
});

test("keeps up with what happens after it loaded", async () => {
  const socket = world.openFast(network);
  sockets.push(socket);
  const texts = [];
  const load = async () => {
    const { eventCursor } = await world.ask(world.CURSOR);
    await world.say("while it loads");
    return eventCursor;
  };
  const onEvent = (event) => event.__typename === "MessageAdded" && texts.push(event.message.text);
  const stop = keepUp(socket, load, onEvent, assert.ifError);
  await world.eventually(() => texts.includes("while it loads"));
  stop();
});
