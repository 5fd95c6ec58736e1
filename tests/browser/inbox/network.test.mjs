// A network that goes away: nothing is lost, doubled or out of order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let browser;
let network;
before(async () => {
  browser = await world.launch();
  network = await world.openNetwork();
});
after(async () => {
  await browser?.close();
  network?.close();
});

const CUSTOMER = { from: "16505556603", name: "Nils Funk" };

test("messages of both sides survive a cut, each once and in order", async () => {
  await world.say("before the cut", CUSTOMER);
  const inbox = await world.openInbox(browser, { url: network.url });
  const { page, complaints } = inbox;
  await world.openConversation(page, CUSTOMER.name);
  await world.findMessage(page, "before the cut").waitFor(world.WAIT);
  const banner = page.getByRole("status").filter({ hasText: "You are offline" });

  network.goDown();
  await banner.waitFor(world.WAIT);
  await page.getByRole("combobox", { name: "Reply" }).fill("written offline");
  await page.keyboard.press("Enter");
  const written = world.findMessage(page, "written offline");
  await written.locator('[data-status="QUEUED"]').waitFor(world.WAIT);
  await page.getByRole("combobox", { name: "Reply" }).fill("written next");
  await page.keyboard.press("Enter");
  await world.findMessage(page, "written next").waitFor(world.WAIT);
  for (let index = 0; index < 5; index++) await world.say(`missed ${index}`, CUSTOMER);
  // Another conversation, which was never loaded, and back.
  await page.getByRole("link", { name: "Amir Haddad" }).click();
  network.comeBack();
  await world.findMessage(page, "I'm waiting here").waitFor({ timeout: 40_000 });
  await world.openConversation(page, CUSTOMER.name);

  await banner.waitFor({ timeout: 40_000, state: "detached" });
  await written.locator('[data-status="READ"]').waitFor({ timeout: 40_000 });
  await world.findMessage(page, "written next").locator('[data-status="READ"]').waitFor({ timeout: 40_000 });
  await world.findMessage(page, "missed 4").waitFor(world.WAIT);
  const { conversations } = await world.ask(
    `{ conversations(first: 20) { nodes { contact { profileName } messages(first: 20) { nodes { text } } } } }`,
  );
  const { messages } = conversations.nodes.find(({ contact }) => contact.profileName === CUSTOMER.name);
  const stored = messages.nodes.map(({ text }) => text).reverse();
  await world.hasTexts(world.timeline(page).locator("article p"), stored);
  assert.equal(new Set(stored).size, 8);
  assert.deepEqual(stored.filter((text) => text.startsWith("written")), ["written offline", "written next"]);
  world.forgiveCuts(complaints);
  await world.close(inbox);
});

test("pages and marks that failed offline are asked for again", async () => {
  const customer = { from: "16505556606", name: "Quinn Abel" };
  const start = Math.floor(Date.now() / 1000) - 200;
  // High, so that the older page is not near the first view.
  const messages = Array.from({ length: 60 }, (_, number) => ({ text: `old ${number}.\n\n\n\n`, timestamp: String(start + number) }));
  const answer = await world.post("inbound", { messages: messages.map((message) => ({ ...customer, type: "text", ...message })) });
  assert.equal(answer.status, 200);
  const inbox = await world.openInbox(browser, { url: network.url });
  const { page, complaints } = inbox;
  const link = page.getByRole("list", { name: "Conversations" }).getByRole("link", { name: customer.name });
  await world.openConversation(page, customer.name);
  await world.findMessage(page, "old 59.").waitFor(world.WAIT);
  await world.openConversation(page, "Amir Haddad");
  await world.say("one more", customer);
  await link.filter({ hasText: "1 unread" }).waitFor(world.WAIT);

  const goDownWhile = async (work) => {
    network.goDown();
    const failure = page.waitForEvent("requestfailed", world.WAIT);
    await work();
    await failure;
    network.comeBack();
  };
  await goDownWhile(() => world.openConversation(page, customer.name));
  await link.filter({ hasNotText: "unread" }).waitFor(world.WAIT);
  assert.equal(await world.findMessage(page, "old 0.").count(), 0);
  await goDownWhile(() => world.timeline(page).evaluate((box) => (box.scrollTop = 0)));
  await world.findMessage(page, "old 0.").waitFor(world.WAIT);
  world.forgiveCuts(complaints);
  await world.close(inbox);
});

test("a network that blocks WebSockets has live messages by event streams", async (t) => {
  const blocking = await world.openNetwork({ blocksSockets: true });
  t.after(() => blocking.close());
  const customer = { from: "16505556604", name: "Olga Brandt" };
  await world.say("before", customer);
  const inbox = await world.openInbox(browser, { url: blocking.url });
  const { page, complaints } = inbox;
  const banner = page.getByRole("status").filter({ hasText: "You are offline" });
  await world.openConversation(page, customer.name);
  await world.findMessage(page, "before").waitFor(world.WAIT);
  await world.say("in spite of the proxy", customer);
  await world.findMessage(page, "in spite of the proxy").waitFor({ timeout: 40_000 });
  await banner.waitFor({ ...world.WAIT, state: "detached" });
  await page.getByRole("combobox", { name: "Reply" }).fill("I can hear you");
  await page.keyboard.press("Enter");
  await world.findMessage(page, "I can hear you").locator('[data-status="READ"]').waitFor(world.WAIT);

  blocking.goDown();
  await banner.waitFor(world.WAIT);
  await world.say("while the streams were cut", customer);
  blocking.comeBack();
  await world.findMessage(page, "while the streams were cut").waitFor({ timeout: 40_000 });
  await banner.waitFor({ ...world.WAIT, state: "detached" });
  await world.say("the numbers are live, too", { from: "16505556605", name: "Pia Lund" });
  await page.getByRole("link", { name: /Pia Lund.*1 unread/ }).waitFor(world.WAIT);
  world.forgiveCuts(complaints);
  await world.close(inbox);
});

test("a note whose response is lost is added once", async () => {
  const customer = { from: "16505556611", name: "Nora Twice" };
  await world.say("hello", customer);
  const inbox = await world.openInbox(browser);
  const { page, complaints } = inbox;
  await world.openConversation(page, customer.name);
  let lost = 0;
  await page.route("**/graphql", async (route) => {
    if (lost > 0 || route.request().postDataJSON()?.operationName !== "AddNote") return route.fallback();
    lost += 1;
    await route.fetch();
    await route.abort("connectionreset");
  });
  await page.getByRole("button", { name: "Note", exact: true }).click();
  await page.getByRole("combobox", { name: "Note" }).fill("prefers the morning");
  await page.keyboard.press("Enter");
  await world.findMessage(page, "prefers the morning").waitFor(world.WAIT);
  await page.waitForFunction(() => !document.querySelector("textarea, [role=combobox]").value);
  assert.equal(lost, 1);
  const { conversations } = await world.ask(
    `{ conversations(first: 30) { nodes { contact { profileName }
      timeline(first: 20, filter: { kinds: [NOTE] }) { nodes { ... on Note { body } } } } } }`,
  );
  const { timeline } = conversations.nodes.find(({ contact }) => contact.profileName === customer.name);
  assert.deepEqual(timeline.nodes, [{ body: "prefers the morning" }]);
  world.forgiveCuts(complaints);
  await world.close(inbox);
});
