// What fails is said, and nothing that was written or chosen is lost.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

const button = (page, name) => page.getByRole("button", { name, exact: true });
const reply = (page) => page.getByRole("combobox", { name: "Reply" });
const toast = (page, text) => page.getByRole("status").filter({ hasText: text });

let number = 16505552200;
async function openChat(name, options) {
  const customer = { from: String(number++), name };
  await world.say("Hello!", customer);
  const inbox = await world.openInbox(browser, options);
  await world.openConversation(inbox.page, name);
  await world.findMessage(inbox.page, "Hello!").waitFor(world.WAIT);
  return { ...inbox, customer };
}

async function attach(page, ...files) {
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), button(page, "Attach files").click()]);
  await chooser.setFiles(files);
}

/** Fails the requests of an operation until it returns true. */
const failRequests = (page, operation, isOver) =>
  page.route("**/graphql", (route) =>
    route.request().postDataJSON()?.operationName === operation && !isOver() ? route.abort() : route.fallback(),
  );

async function readSent(name) {
  const { contacts } = await world.ask(
    `query ($name: String!) { contacts(search: $name, first: 1) { nodes { conversation {
      messages(first: 10) { nodes { direction type text } } } } } }`,
    { name },
  );
  return contacts.nodes[0].conversation.messages.nodes.filter(({ direction }) => direction === "OUTBOUND").reverse();
}

/** The first page of an Ogg stream. */
const AUDIO = {
  name: "voice.ogg",
  mimeType: "audio/ogg",
  buffer: Buffer.from("T2dnUwACAAAAAAAAAAABAAAAAAAAAAAAAAABE09wdXNIZWFkAQE4AYC7AAAAAAA=", "base64"),
};
const BROKEN_PICTURE = { name: "broken.png", mimeType: "image/png", buffer: Buffer.from("This is no picture.") };

test("the text beside an audio file follows it", async () => {
  const inbox = await openChat("Audrey Klang");
  const { page, customer } = inbox;
  await attach(page, AUDIO);
  await page.getByRole("combobox").fill("Listen to this");
  await button(page, "Send").click();
  await world.findMessage(page, "Listen to this").locator("[data-status=READ]").waitFor(world.WAIT);
  assert.deepEqual(
    (await readSent(customer.name)).map(({ type, text }) => [type, type === "TEXT" ? text : null]),
    [["AUDIO", null], ["TEXT", "Listen to this"]],
  );
  await world.close(inbox);
});

test("a note with files is refused, and keeps both", async () => {
  const inbox = await openChat("Nadia Blatt");
  const { page, customer } = inbox;
  await attach(page, world.PICTURE);
  await button(page, "Note").click();
  await page.getByRole("combobox", { name: "Note" }).fill("for my colleagues");
  await page.keyboard.press("Enter");
  await toast(page, "A note can't have files").waitFor(world.WAIT);
  assert.equal(await page.getByRole("combobox", { name: "Note" }).inputValue(), "for my colleagues");
  await button(page, "Remove shop.png").waitFor(world.WAIT);
  assert.deepEqual(await readSent(customer.name), []);
  assert.equal(await world.timeline(page).getByRole("article").count(), 1);
  await world.close(inbox);
});

test("what the server refuses comes back, also after a look elsewhere", async () => {
  const inbox = await openChat("Rita Retour");
  const { page, customer } = inbox;
  await attach(page, BROKEN_PICTURE);
  await page.getByRole("combobox").fill("our new shop");
  let goOn;
  const isLeft = new Promise((resolve) => (goOn = resolve));
  await page.route("**/graphql", async (route) => {
    if (route.request().postData()?.includes("sendMessage")) await isLeft;
    await route.fallback();
  });
  await button(page, "Send").click();
  await page.getByRole("link", { name: /Amir Haddad/ }).click();
  await page.getByRole("heading", { name: "Amir Haddad", level: 2 }).first().waitFor(world.WAIT);
  goOn();
  await page.getByRole("status").filter({ hasText: /\S/ }).first().waitFor(world.WAIT);
  await page.waitForFunction(() => Object.values({ ...sessionStorage, ...localStorage }).some((value) => value.includes("our new shop")), null, world.WAIT);
  await world.openConversation(page, customer.name);
  await world.hasValue(page.getByRole("combobox"), "our new shop");
  assert.deepEqual(await readSent(customer.name), []);
  await world.close(inbox);
});

test("a template sends the file that was chosen last", async () => {
  const { accounts } = await world.ask("{ accounts { nodes { id } } }");
  await world.ask(`mutation ($id: ID!) { syncTemplates(input: { accountId: $id }) { userErrors { code } } }`, { id: accounts.nodes[0].id });
  const inbox = await openChat("Frida Datei");
  const { page } = inbox;
  await button(page, "Send a template").click();
  const dialog = page.getByRole("dialog", { name: "Send a template" });
  await dialog.getByRole("searchbox").fill("spring");
  await dialog.getByRole("list").getByRole("button", { name: /spring_offer/ }).click();
  // The first upload is slower than the second.
  let finishFirst;
  const isSecondThere = new Promise((resolve) => (finishFirst = resolve));
  const uploads = [];
  await page.route("**/graphql", async (route) => {
    if (!route.request().postDataBuffer()?.includes("uploadMedia")) return route.fallback();
    const order = uploads.push(route);
    const answer = await route.fetch();
    if (order === 1) await isSecondThere;
    uploads[order - 1] = (await answer.json()).data.uploadMedia.upload.id;
    await route.fulfill({ response: answer });
  });
  const file = dialog.locator("input[type=file]");
  await file.setInputFiles({ ...world.PICTURE, name: "first.png" });
  await file.setInputFiles({ ...world.PICTURE, name: "second.png" });
  await world.until(() => typeof uploads[1] === "string");
  finishFirst();
  await world.until(() => typeof uploads[0] === "string");
  const sent = page.waitForRequest((request) => request.postData()?.includes("sendMessage"));
  await world.fillAll(dialog.getByRole("textbox"), "A-1001");
  await button(page, "Send the template").click();
  const body = (await sent).postData();
  assert.ok(body.includes(uploads[1]) && !body.includes(uploads[0]), body);
  await world.close(inbox);
});

test("only a refused key signs out: after other final errors the page offers to load itself again", async () => {
  const sockets = [];
  let ending = null;
  // Those of a page that was left are closed.
  const close = (socket) => ending && socket.close({ code: ending, reason: "test" }).catch(() => {});
  /** Closes all sockets, also those that the page is about to open; null lets them be. */
  const end = (code) => {
    ending = code;
    sockets.forEach(close);
  };
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await page.routeWebSocket("**/graphql", (socket) => {
    if (ending) return close(socket);
    socket.connectToServer();
    sockets.push(socket);
  });
  const reload = async () => {
    sockets.splice(0);
    await page.reload();
    await page.getByRole("list", { name: "Conversations" }).getByRole("link").first().waitFor(world.WAIT);
    await world.until(() => sockets.length > 0);
  };
  await reload();
  end(4400);
  await page.getByRole("status").filter({ hasText: "new messages no longer appear here" }).waitFor(world.WAIT);
  assert.ok(await page.getByRole("list", { name: "Conversations" }).getByRole("link").count());
  end(null);
  await button(page, "Reload the page").click();
  await page.getByRole("list", { name: "Conversations" }).getByRole("link").first().waitFor(world.WAIT);
  await reload();
  end(4401);
  await page.getByRole("textbox", { name: /key/i }).waitFor(world.WAIT);
  assert.equal(await page.evaluate(() => sessionStorage.getItem("wagraph.token")), null);
  await world.close(inbox);
});

test("a file sent by link keeps its host", async () => {
  const inbox = await openChat("Lina Lenk");
  const { page, customer } = inbox;
  const link = "https://files.example/media/catalogue.pdf";
  const { sendMessage } = await world.ask(
    `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { userErrors { message } } }`,
    { input: { to: { phoneNumber: `+${customer.from}` }, accountId: (await world.ask("{ accounts { nodes { id } } }")).accounts.nodes[0].id,
      content: { document: { source: { link }, filename: "catalogue.pdf" } } } },
  );
  assert.deepEqual(sendMessage.userErrors, []);
  const shown = world.timeline(page).getByRole("link", { name: /catalogue/ });
  await shown.waitFor(world.WAIT);
  assert.equal(await shown.getAttribute("href"), link);
  await world.close(inbox);
});

test("a sign-in link works in an open tab, and a broken link shows the list", async () => {
  const inbox = await world.openInbox(browser, { key: null });
  const { page } = inbox;
  await page.getByRole("textbox", { name: /key/i }).waitFor(world.WAIT);
  await page.evaluate((key) => (location.hash = `#key=${key}`), world.KEY);
  await page.getByRole("heading", { name: "Conversations" }).waitFor(world.WAIT);
  assert.equal(await page.evaluate(() => location.href.includes("key")), false);
  await page.evaluate(() => (location.hash = "#/c/50%"));
  await page.getByText("Choose a conversation").waitFor(world.WAIT);
  await world.close(inbox);
});

test("a failed mark as read is repeated with the next message", async () => {
  const customer = { from: String(number++), name: "Mara Kern" };
  await world.say("unread", customer);
  const inbox = await world.openInbox(browser);
  const { page, complaints } = inbox;
  let failed = 0;
  await failRequests(page, "MarkRead", () => failed++ > 0);
  await world.openConversation(page, customer.name);
  const row = page.getByRole("list", { name: "Conversations" }).getByRole("link", { name: /Mara Kern/ });
  await world.until(() => failed > 0);
  await row.filter({ hasText: "1 unread message" }).waitFor(world.WAIT);
  await world.say("another", customer);
  await row.filter({ hasText: "unread message" }).waitFor({ ...world.WAIT, state: "detached" });
  await world.becomes(async () => {
    const { conversations } = await world.ask("{ conversations(first: 20) { nodes { unreadCount contact { profileName } } } }");
    return conversations.nodes.find(({ contact }) => contact.profileName === customer.name).unreadCount;
  }, 0);
  world.forgiveCuts(complaints);
  await world.close(inbox);
});

test("days are named anew at midnight", async () => {
  const customer = { from: String(number++), name: "Mitra Nacht" };
  await world.say("late", customer);
  const inbox = await world.openInbox(browser);
  const { page, complaints } = inbox;
  // Tomorrow, ten minutes before midnight of the page's time zone.
  const tomorrow = new Date(Date.now() + 86_400_000);
  tomorrow.setHours(23, 50, 0, 0);
  await page.clock.install({ time: tomorrow });
  await page.reload();
  await world.openConversation(page, customer.name);
  await world.timeline(page).getByText("Yesterday").waitFor(world.WAIT);
  await page.clock.fastForward("11:00");
  await world.timeline(page).getByText("Yesterday").waitFor({ ...world.WAIT, state: "detached" });
  world.forgiveCuts(complaints);
  await world.close(inbox);
});

test("a search and a conversation that fail say so", async () => {
  const customer = { from: String(number++), name: "Otto Ofen" };
  await world.say("somewhere", customer);
  const inbox = await world.openInbox(browser);
  const { page, complaints } = inbox;
  let isBack = false;
  for (const operation of ["SearchMessages", "SearchContacts", "Conversation"]) await failRequests(page, operation, () => isBack);
  await page.getByRole("searchbox").fill("somewhere");
  await page.getByText("The server can't be reached").waitFor(world.WAIT);
  assert.equal(await page.getByText("Nothing found").count(), 0);
  isBack = true;
  await page.getByRole("region", { name: "Messages" }).locator("mark").first().waitFor({ timeout: 40_000 });

  isBack = false;
  await page.keyboard.press("Escape");
  await page.getByRole("list", { name: "Conversations" }).getByRole("link", { name: /Otto Ofen/ }).click();
  await page.getByRole("main").getByText("The server can't be reached").waitFor(world.WAIT);
  await page.getByRole("main").getByRole("button", { name: "Back" }).click();
  await page.getByText("Choose a conversation").waitFor(world.WAIT);
  world.forgiveCuts(complaints);
  await world.close(inbox);
});

test("a viewer can't delete notes", async () => {
  const customer = { from: String(number++), name: "Vera Blick" };
  await world.say("look", customer);
  const { createApiKey } = await world.ask(
    `mutation { createApiKey(input: { name: "Vito", role: VIEWER }) { token userErrors { code } } }`,
  );
  const { conversations } = await world.ask("{ conversations(first: 20) { nodes { id contact { profileName } } } }");
  const { id } = conversations.nodes.find(({ contact }) => contact.profileName === customer.name);
  await world.ask(`mutation ($id: ID!) { addNote(input: { conversationId: $id, body: "our note" }) { userErrors { code } } }`, { id });
  const inbox = await world.openInbox(browser, { key: createApiKey.token });
  await world.openConversation(inbox.page, customer.name);
  const note = world.timeline(inbox.page).getByRole("article").filter({ hasText: "our note" });
  await note.waitFor(world.WAIT);
  assert.equal(await note.getByRole("button").count(), 0);
  await world.close(inbox);
});
