// A proxy without its server, and a network that answers with its own sign-in page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

const PAGE = "<!doctype html><title>Welcome to the Wi-Fi</title><p>Sign in to go online.";
const FOREIGN = [
  { status: 404, contentType: "text/html", body: PAGE },
  { status: 502, contentType: "text/html", body: PAGE },
  { status: 200, contentType: "text/html", body: PAGE },
];

/** Answers requests in the place of the server until `restore` is called. */
async function replaceServer(page, paths) {
  const urls = [];
  const answer = (route) => route.fulfill(FOREIGN[(urls.push(route.request().url()) - 1) % FOREIGN.length]);
  await page.route(paths, answer);
  return { urls, restore: () => page.unroute(paths, answer) };
}
const API = /\/graphql(\?|$)/;
const API_AND_FILES = /\/graphql(\?|$)|\/assets\//;

/** What Chromium reports of each response with an error. */
const forget = (complaints) =>
  assert.deepEqual(complaints.splice(0).filter((line) => !/Failed to load (resource|module script)/.test(line)), []);

test("the page starts once the server answers", async () => {
  const inbox = await world.openInbox(browser, { key: null });
  const { page, complaints } = inbox;
  await page.getByLabel("API key or token").waitFor(world.WAIT);
  await page.evaluate((key) => sessionStorage.setItem("wagraph.token", key), world.KEY);
  const { urls, restore } = await replaceServer(page, API);
  await page.reload();
  await page.getByText("The server can't be reached.").waitFor(world.WAIT);
  await world.until(() => urls.length >= 3);
  assert.equal(await page.getByRole("button").count(), 0);
  await restore();
  await page.getByRole("heading", { name: "Conversations" }).waitFor(world.WAIT);
  forget(complaints);
  await world.close(inbox);
});

test("the inbox goes on after answers that are not the server's", async () => {
  const customer = { from: "16505556701", name: "Wilma Lahn" };
  await world.say("before", customer);
  const inbox = await world.openInbox(browser, { key: null });
  const { page, complaints } = inbox;
  const sockets = [];
  await page.routeWebSocket("**/graphql", (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      const { id, type, payload } = JSON.parse(message);
      if (type === "subscribe" && payload.query.includes("events")) sockets.push({ socket, id });
      server.send(message);
    });
  });
  await page.evaluate((key) => (location.hash = `key=${key}`), world.KEY);
  await world.openConversation(page, customer.name);
  await world.findMessage(page, "before").waitFor(world.WAIT);

  const { urls, restore } = await replaceServer(page, API_AND_FILES);
  // The page must load its lists again, and can't.
  const { socket, id } = sockets.at(-1);
  socket.send(JSON.stringify({ id, type: "error", payload: [{ message: "Too old", extensions: { code: "CURSOR_EXPIRED" } }] }));
  const banner = page.getByRole("status").filter({ hasText: "You are offline" });
  await banner.waitFor(world.WAIT);
  await page.getByRole("combobox", { name: "Reply" }).fill("written behind the portal");
  await page.keyboard.press("Enter");
  await world.findMessage(page, "written behind the portal").locator('[data-status="QUEUED"]').waitFor(world.WAIT);
  await world.say("missed", customer);
  // A part of the page that was not loaded yet.
  await page.getByRole("button", { name: "Show all" }).click();
  await world.until(() => urls.filter((url) => url.includes("/assets/")).length > 1);
  assert.equal(await page.getByRole("button", { name: "Reload the page" }).count(), 0);

  await restore();
  await banner.waitFor({ timeout: 30_000, state: "detached" });
  await page.getByRole("dialog", { name: "Photos and files" }).waitFor(world.WAIT);
  await page.keyboard.press("Escape");
  await world.findMessage(page, "missed").waitFor(world.WAIT);
  await world.findMessage(page, "written behind the portal").locator('[data-status="READ"]').waitFor({ timeout: 30_000 });
  const { conversations } = await world.ask(
    `{ conversations(first: 20) { nodes { contact { profileName } messages(first: 20) { nodes { text } } } } }`,
  );
  const { messages } = conversations.nodes.find(({ contact }) => contact.profileName === customer.name);
  assert.equal(messages.nodes.filter(({ text }) => text === "written behind the portal").length, 1);
  forget(complaints);
  await world.close(inbox);
});
