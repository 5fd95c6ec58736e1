// The guide's app while its network is cut 200 times: in the end it shows what the database has.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect, goLive } from "./build/app/connect.js";
import { ConversationView } from "./build/app/conversation.js";
import { Inbox } from "./build/app/inbox.js";
import { Timeline } from "./build/app/timeline.js";
import * as world from "./world.mjs";

const CUTS = 200;
const WRITES = 150;
const SENDS = 30;
const stops = [];
let network;
let app;
let conversationId;

before(async () => {
  network = await world.openNetwork();
  conversationId = await world.fillInbox();
  app = connect(network.url, world.giveKey(world.ADMIN_KEY), world.FAST);
  const fail = (error, isFinal) => assert.equal(isFinal, false, String(error));
  await new Promise((resolve) => stops.push(goLive(app, resolve, fail)));
});
after(() => {
  stops.forEach((stop) => stop());
  app.apollo.stop();
  app.socket.dispose();
  network.close();
});

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function cutOften() {
  for (let cut = 0; cut < CUTS; cut++) {
    await pause(Math.random() * 100);
    if (cut % 4) {
      network.cut();
    } else {
      network.goDown();
      await pause(Math.random() * 60);
      network.comeBack();
    }
  }
}

async function writeOften() {
  for (let number = 0; number < WRITES; number++) {
    const digits = String(Math.floor(Math.random() * world.CUSTOMERS)).padStart(2, "0");
    const from = number % 3 ? `165055501${digits}` : world.FIRST_CUSTOMER;
    await world.say(`while cut ${number}`, { from, name: from === world.FIRST_CUSTOMER ? "Ada" : `Customer ${digits}` });
    if (number % 5 === 0) await world.note(conversationId, `note ${number}`);
    await pause(Math.random() * 60);
  }
}

async function sendOften(view) {
  for (let number = 0; number < SENDS; number++) {
    const { userErrors } = await view.sendText(`sent ${number}`);
    assert.deepEqual(userErrors, []);
    await pause(Math.random() * 200);
  }
}

async function readStored() {
  const { conversations } = await world.ask(world.INBOX, { first: 100 });
  const inbox = conversations.edges.map(({ node }) => [node.id, node.unreadCount, node.lastMessage.id]);
  const ids = [];
  for (let after = null; ; ) {
    const { conversation } = await world.ask(world.HISTORY, { id: conversationId, first: 100, after });
    const { edges, pageInfo } = conversation.messages;
    ids.push(...edges.map(({ node }) => node.id));
    if (!pageInfo.hasNextPage) return { inbox, ids, timeline: await world.readTimeline(conversationId) };
    after = pageInfo.endCursor;
  }
}

test("200 cuts leave no gap, no duplicate and no wrong order", async () => {
  const [inbox, view] = [new Inbox(app, { first: 100 }), new ConversationView(app, conversationId)];
  const timeline = new Timeline(app, conversationId);
  const shown = {};
  stops.push(inbox.watch((rows) => (shown.rows = rows)), view.watch((messages) => (shown.messages = messages)));
  stops.push(timeline.watch((items) => (shown.items = items)));
  await world.eventually(() => shown.rows && shown.messages && shown.items);
  const texts = new Set();
  const check = () => {
    for (const { id, text } of shown.messages) if (text?.startsWith("sent ") && !id.startsWith("pending:")) texts.add(text);
  };
  stops.push(view.watch(check));

  await Promise.all([cutOften(), writeOften(), sendOften(view)]);

  await world.eventually(async () => {
    const stored = await readStored();
    while (await view.loadOlder());
    while (await timeline.loadOlder());
    const [ids, items] = [shown.messages, shown.items].map((list) => list.map(({ id }) => id));
    const rows = shown.rows.map((row) => [row.id, row.unreadCount, row.lastMessage.id]);
    return JSON.stringify(stored) === JSON.stringify({ inbox: rows, ids, timeline: items });
  });
  assert.equal(texts.size, SENDS);
  const bodies = shown.messages.map(({ text }) => text).filter((text) => text.startsWith("sent "));
  assert.deepEqual(bodies.toReversed(), Array.from({ length: SENDS }, (_, number) => `sent ${number}`));
});
