// The guide's app in the hands of three agents: search, claims, notes, presence and templates.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect, goLive } from "./build/app/connect.js";
import { ConversationView } from "./build/app/conversation.js";
import { watchCounts } from "./build/app/counts.js";
import { claim, Inbox } from "./build/app/inbox.js";
import { setTyping, watchViewers } from "./build/app/presence.js";
import { markParts, search } from "./build/app/search.js";
import { listTemplates, TemplateForm } from "./build/app/templates.js";
import { Timeline } from "./build/app/timeline.js";
import * as world from "./world.mjs";

const RELEASE = /* GraphQL */ `
  mutation Release($conversationId: ID!) {
    assignConversation(input: { conversationId: $conversationId, assigneeId: null }) {
      userErrors { code }
    }
  }
`;
const NAMES = ["Ann", "Ben", "Cem"];
/** More than two pages of the history. */
const MESSAGES = 75;
const stops = [];
let networks;
let apps;
let conversationId;

before(async () => {
  conversationId = await world.fillInbox(MESSAGES);
  networks = await Promise.all(NAMES.map(() => world.openNetwork()));
  const keys = await Promise.all(NAMES.map((name) => world.hireAgent(name)));
  apps = await Promise.all(keys.map((key, index) => open(networks[index], key)));
});
after(() => {
  stops.forEach((stop) => stop());
  networks.forEach((network) => network.close());
});

async function open(network, key) {
  const app = connect(network.url, world.giveKey(key), world.FAST);
  const fail = (error, isFinal) => assert.equal(isFinal, false, String(error));
  await new Promise((resolve) => stops.push(goLive(app, resolve, fail)));
  stops.push(() => (app.apollo.stop(), app.socket.dispose()));
  return app;
}

/** Collects what `view` shows now. */
function watch(view) {
  const shown = { items: null };
  stops.push(view.watch((items) => (shown.items = items)));
  return shown;
}

/** Collects the numbers of unassigned and assigned conversations. */
function watchFolders(app) {
  const counts = [];
  const filters = [{ assignee: { none: true } }, { assignee: { none: false } }];
  stops.push(watchCounts(app, filters, (shown) => counts.push(shown.map(({ value }) => value)), assert.ifError));
  return counts;
}

test("of three agents who claim at once, one gets the conversation and all see who", async () => {
  const counts = watchFolders(apps[0]);
  await world.eventually(() => counts.at(-1)?.join() === `${world.CUSTOMERS},0`);
  const [newest] = apps.map((app) => watch(new Inbox(app)));
  const rows = apps.map((app) => watch(new Inbox(app, { filter: { assignee: { none: true } } })));
  await world.eventually(() => newest.items && rows.every(({ items }) => items?.some(({ id }) => id === conversationId)));

  const answers = await Promise.all(apps.map((app) => claim(app, conversationId)));

  assert.equal(answers.filter((message) => message === null).length, 1);
  const winner = NAMES[answers.indexOf(null)];
  await world.eventually(() => rows.every(({ items }) => items.every(({ id }) => id !== conversationId)));
  const { assignee } = newest.items.find(({ id }) => id === conversationId);
  assert.equal(assignee.name, winner);
  await world.eventually(() => counts.at(-1).join() === `${world.CUSTOMERS - 1},1`);
  networks[0].cut();
  await world.ask(RELEASE, { conversationId });
  await world.eventually(() => counts.at(-1).join() === `${world.CUSTOMERS},0`);
});

test("search finds a message, and the history continues from it in both directions", async () => {
  const [app] = apps;
  const hits = await search(app, "message 7", conversationId);
  const hit = hits.find(({ node }) => node.text === "message 7");
  assert.deepEqual(markParts(hit).filter(({ isMarked }) => isMarked).map(({ text }) => text), ["message", "7"]);
  const view = new ConversationView(app, conversationId);
  const shown = watch(view);
  await world.eventually(() => shown.items);

  await view.jumpTo(hit.node.id);
  await world.eventually(() => shown.items.some(({ id }) => id === hit.node.id));
  await world.nextSecond();
  await world.say("beyond the page");
  const timeline = watch(new Timeline(app, conversationId));
  await world.eventually(() => timeline.items?.[0].text === "beyond the page");
  // The list goes on below the newest messages, so this one is not put after a gap.
  assert.ok(shown.items.every(({ text }) => text !== "beyond the page"));
  while (await view.loadNewer());
  while (await view.loadOlder());

  const { conversation } = await world.ask(world.HISTORY, { id: conversationId, first: 100 });
  const stored = conversation.messages.edges.map(({ node }) => node.id);
  await world.eventually(() => shown.items.length === stored.length);
  assert.deepEqual(shown.items.map(({ id }) => id), stored);
  await world.nextSecond();
  await world.say("live again");
  await world.eventually(() => shown.items[0].text === "live again");
});

test("a note is shown to colleagues between the messages, and sent to nobody", async () => {
  const [mine, theirs] = apps.map((app) => new Timeline(app, conversationId));
  const [here, there] = [mine, theirs].map(watch);
  await world.eventually(() => here.items && there.items);

  assert.equal(await mine.addNote("likes tea"), null);
  await world.eventually(() => here.items[0].body === "likes tea" && there.items[0].body === "likes tea");
  assert.equal(there.items[0].author.name, "Ann");
  await world.nextSecond();
  await world.say("after the note");
  await world.eventually(() => there.items[0].text === "after the note" && there.items[1].body === "likes tea");
  assert.match(await mine.addNote(""), /./);

  while (await mine.loadOlder());
  const ids = await world.readTimeline(conversationId);
  await world.eventually(() => here.items.length === ids.length);
  assert.deepEqual(here.items.map(({ id }) => id), ids);
  const sent = await world.ask(world.HISTORY, { id: conversationId, first: 100 });
  assert.ok(sent.conversation.messages.edges.every(({ node }) => node.text !== "likes tea"));
});

test("agents see who looks at a conversation and who types, also after a cut", async () => {
  const seen = [];
  stops.push(watchViewers(apps[0], conversationId, (viewers) => seen.push(viewers)));
  const stop = watchViewers(apps[1], conversationId, () => {});
  const isShown = (names, typing = []) => () => {
    const viewers = seen.at(-1) ?? [];
    const typists = viewers.filter(({ isTyping }) => isTyping);
    return [viewers, typists].map((list) => list.map(({ agent }) => agent.name).sort()).join("|") === [names, typing].join("|");
  };
  await world.eventually(isShown(["Ann", "Ben"]));
  await setTyping(apps[1], conversationId, true);
  await world.eventually(isShown(["Ann", "Ben"], ["Ben"]));
  networks[0].cut();
  await setTyping(apps[1], conversationId, true);
  await world.eventually(isShown(["Ann", "Ben"], ["Ben"]));

  stop();
  await world.eventually(isShown(["Ann"]));
});

test("a template form shows the server's errors beside its fields, and sends", async () => {
  const [app] = apps;
  const accountId = await world.findAccount();
  await world.ask(world.SYNC, { accountId });
  const templates = await listTemplates(app, accountId);
  const form = new TemplateForm(app, templates.find(({ name, language }) => name === "order_shipped" && language === "en_US"));
  assert.deepEqual(form.fields.map(({ key }) => key), ["body.1", "body.2", "button.0"]);

  const values = { "body.1": "Ada", "body.2": "two\nlines", "button.0": "A-7" };
  assert.deepEqual(await form.send(conversationId, { "body.1": "Ada" }), { "body.2": "Required.", "button.0": "Required." });
  const refused = await form.preview(values);
  assert.deepEqual([refused.content, Object.keys(refused.errors)], [null, ["body.2"]]);
  assert.deepEqual(Object.keys(await form.send(conversationId, values)), ["body.2"]);

  values["body.2"] = "A-7";
  const { content, errors } = await form.preview(values);
  assert.deepEqual([content.body, errors], ["Hi Ada, your order A-7 is on its way.", {}]);
  const shown = watch(new ConversationView(app, conversationId));
  assert.deepEqual(await form.send(conversationId, values), {});
  await world.eventually(() => shown.items?.[0].text?.includes("your order A-7 is on its way."));
});
