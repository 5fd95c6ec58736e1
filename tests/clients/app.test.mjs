// The guide's app: lists that live events keep right, sending, templates, files.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { settleRequests } from "@wagraph/client/apollo";
import { connect, goLive } from "./build/app/connect.js";
import { ConversationView } from "./build/app/conversation.js";
import { Inbox } from "./build/app/inbox.js";
import { createMediaUrls } from "./build/app/media.js";
import * as world from "./world.mjs";

const stops = [];
let network;
let app;
let conversationId;

before(async () => {
  network = await world.openNetwork();
  conversationId = await world.fillInbox();
  app = await open();
});
after(() => {
  stops.forEach((stop) => stop());
  network.close();
});

async function open() {
  const opened = connect(network.url, world.giveKey(world.ADMIN_KEY), world.FAST);
  const fail = (error, isFinal) => assert.equal(isFinal, false, String(error));
  await new Promise((resolve) => {
    const stop = goLive(opened, resolve, fail);
    stops.push(() => (stop(), opened.apollo.stop(), opened.socket.dispose()));
  });
  return opened;
}

/** What a view shows now. */
function watch(view) {
  const shown = { items: null };
  stops.push(view.watch((items) => (shown.items = items)));
  return shown;
}

const listNames = (shown) => shown.items?.map(({ contact }) => contact.profileName);
const listTexts = (shown) => shown.items?.map(({ text }) => text);

test("the inbox pages, and a conversation moves to the top of its order", async () => {
  const newest = new Inbox(app, { first: 4 });
  const oldest = new Inbox(app, { first: 4, orderBy: "OLDEST_ACTIVITY" });
  const unread = new Inbox(app, { first: 50, filter: { unread: true } });
  const [shownNewest, shownOldest, shownUnread] = [newest, oldest, unread].map(watch);
  await world.eventually(() => shownNewest.items && shownOldest.items && shownUnread.items);
  await newest.loadMore();
  await world.eventually(() => shownNewest.items.length === 8);

  await world.nextSecond();
  await world.say("again", { from: "16505550101", name: "Customer 1" });
  await world.eventually(() => listNames(shownNewest)[0] === "Customer 1");

  assert.equal(shownNewest.items[0].lastMessage.text, "again");
  assert.ok(!listNames(shownOldest).includes("Customer 1"));
  while (await newest.loadMore());
  while (await oldest.loadMore());
  await world.eventually(() => shownNewest.items.length === world.CUSTOMERS);
  await world.eventually(() => shownOldest.items.length === world.CUSTOMERS);
  assert.deepEqual(listNames(shownOldest), listNames(shownNewest).reverse());
  assert.equal(new Set(listNames(shownNewest)).size, world.CUSTOMERS);

  await world.nextSecond();
  await world.say("new here", { from: "16505550177", name: "New" });
  await world.eventually(() => listNames(shownNewest)[0] === "New");
  await world.eventually(() => listNames(shownOldest).at(-1) === "New");
  await world.eventually(() => listNames(shownUnread)[0] === "New");
  await new ConversationView(app, shownNewest.items[0].id).markRead();
  await world.eventually(() => !listNames(shownUnread).includes("New"));
  assert.equal(listNames(shownNewest)[0], "New");
});

test("messages are shown at once and stored once, in order, although the network is away", async () => {
  const view = new ConversationView(app, conversationId);
  const shown = watch(view);
  await world.eventually(() => shown.items);
  network.goDown();
  const sending = view.sendText("sent once");
  await world.eventually(() => listTexts(shown)[0] === "sent once");
  assert.match(shown.items[0].id, /^pending:/);
  const next = ["sent next", "sent last"].map((text) => view.sendText(text));
  const order = ["sent last", "sent next", "sent once"];
  await world.eventually(() => listTexts(shown)[0] === "sent last");
  assert.deepEqual(listTexts(shown).slice(0, 3), order);
  network.comeBack();
  const { message, userErrors } = await sending;

  assert.deepEqual(userErrors, []);
  await Promise.all(next);
  await world.eventually(() => shown.items.some(({ id, status }) => id === message.id && status === "READ"));
  assert.deepEqual(listTexts(shown).filter((text) => order.includes(text)), order);
  assert.equal(listTexts(shown).filter((text) => text === "sent once").length, 1);
  await world.say("an answer");
  await world.eventually(() => listTexts(shown).includes("an answer"));
  while (await view.loadOlder());
  const { conversation } = await world.ask(world.HISTORY, { id: conversationId, first: 100 });
  const stored = conversation.messages.edges.map(({ node }) => node.id);
  await world.eventually(() => shown.items.length >= stored.length);
  assert.deepEqual(shown.items.map(({ id }) => id), stored);
});

test("a refused message is removed, and its errors are returned", async () => {
  const view = new ConversationView(app, conversationId);
  const shown = watch(view);
  await world.eventually(() => shown.items);
  const { userErrors } = await view.sendText("x".repeat(5_000));

  assert.equal(userErrors[0].code, "INVALID_INPUT");
  await world.eventually(() => shown.items.every(({ id }) => !id.startsWith("pending:")));
});

test("a picture reports its progress, and its URL is renewed", async () => {
  const view = new ConversationView(app, conversationId);
  const shown = watch(view);
  const shares = [];
  const { message } = await view.sendImage(world.PICTURE, "look", { onProgress: (share) => shares.push(share) });
  await world.eventually(() => shown.items?.[0].id === message.id);

  assert.equal(shares.at(-1), 1);
  const known = shown.items[0].content.url;
  const urls = createMediaUrls(app);
  assert.equal(await urls.get(message.id, known), known);
  const expired = known.replace(/expires=\d+/, "expires=1");
  const renewed = await urls.get(message.id, expired);
  const { pathname, search } = new URL(renewed);
  const file = await fetch(world.SERVER_URL + pathname + search);
  assert.equal(file.status, 200);
  assert.equal((await file.arrayBuffer()).byteLength, world.PICTURE.size);
});

test("a message that waits for the network is sent as soon as the connection is open", async () => {
  const view = new ConversationView(app, conversationId);
  network.goDown();
  const sending = view.sendText("after a long outage");
  // Its attempts are 0, 0.5, 1.5, 3.5 and 7.5 seconds later, and then 15.5.
  await new Promise((resolve) => setTimeout(resolve, 8_000));
  network.comeBack();
  const since = Date.now();

  const { userErrors } = await sending;

  assert.deepEqual(userErrors, []);
  assert.ok(Date.now() - since < 5_000, `${Date.now() - since} ms`);
});

test("a deleted contact disappears everywhere", async () => {
  const inbox = new Inbox(app, { first: 50 });
  const shown = watch(inbox);
  await world.eventually(() => shown.items);
  await world.nextSecond();
  await world.say("delete me", { from: "16505550188", name: "Gone" });
  await world.eventually(() => listNames(shown)[0] === "Gone");
  const [{ id, contact }] = shown.items;
  const history = watch(new ConversationView(app, id));
  await world.eventually(() => history.items?.length === 1);

  await world.ask("mutation ($id: ID!) { deleteContact(input: { contactId: $id }) { userErrors { code } } }", contact);

  await world.eventually(() => !listNames(shown).includes("Gone"));
  await settleRequests(app.apollo);
  assert.doesNotMatch(JSON.stringify(app.apollo.cache.extract()), /delete me/);
});
