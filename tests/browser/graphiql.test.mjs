/**
 * GraphiQL in a real Chromium, against a running sandbox, with every host but 127.0.0.1 unresolvable.
 * Starts nothing but the browser: test_graphiql_browser.py starts the rest and names it in
 * WAGRAPH_URL, WAGRAPH_KEY and SANDBOX_URL. EXAMPLE_TITLES are the example tabs as JSON. CHROMIUM is
 * the browser, /usr/bin/chromium by default.
 */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { ask, capture, launch, retry, WAIT } from "./inbox/world.mjs";

const { WAGRAPH_URL, WAGRAPH_KEY, SANDBOX_URL } = process.env;
const HOST = new URL(WAGRAPH_URL).host;
const TABS = JSON.parse(process.env.EXAMPLE_TITLES);

let browser;
let page;
let requests;
let complaints;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

beforeEach(async () => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  page = await context.newPage();
  requests = [];
  complaints = [];
  context.on("request", (request) => requests.push(request.url()));
  page.on("websocket", (socket) => requests.push(socket.url()));
  page.on("pageerror", (error) => complaints.push(error.message));
  // Chromium reports here what the Content-Security-Policy has stopped.
  page.on("console", (line) => line.text().includes("Content Security") && complaints.push(line.text()));
});

afterEach(async () => {
  const elsewhere = requests.filter((url) => !url.startsWith("data:") && new URL(url).host !== HOST);
  assert.deepEqual(elsewhere, [], "the page asked another host");
  assert.deepEqual(complaints, []);
  await page.context().close();
});

async function open(key) {
  await page.goto(`${WAGRAPH_URL}/graphql${key ? `#key=${key}` : ""}`);
  await page.waitForSelector(".graphiql-query-editor .CodeMirror", WAIT);
}

const readTabs = () => page.locator(".graphiql-tab-button").allTextContents();
const press = () => page.click(".graphiql-execute-button");
const openTab = (title) => page.locator(".graphiql-tab-button", { hasText: title }).click();

async function readHeaders() {
  await page.click('.graphiql-editor-tools [data-name="headers"]');
  return page.evaluate(() => {
    const editors = document.querySelectorAll(".graphiql-editor-tool .CodeMirror");
    return JSON.parse([...editors].at(-1).CodeMirror.getValue());
  });
}

const enterKey = () =>
  page.evaluate((key) => {
    const editors = document.querySelectorAll(".graphiql-editor-tool .CodeMirror");
    [...editors].at(-1).CodeMirror.setValue(JSON.stringify({ Authorization: `Bearer ${key}` }));
  }, WAGRAPH_KEY);

/** Waits until the answer pane holds a result that contains one of the texts, and returns the result. */
async function waitForAnswer(texts, options = WAIT) {
  const handle = await page.waitForFunction(
    (wanted) => {
      const answer = document.querySelector(".result-window .CodeMirror")?.CodeMirror.getValue();
      return wanted.some((text) => answer?.includes(text)) && answer;
    },
    [texts].flat(),
    options,
  );
  return JSON.parse(await handle.jsonValue());
}

const readVariables = () =>
  page.evaluate((selector) => document.querySelector(selector).CodeMirror.getValue(), VARIABLES);

/** Waits until the tab's placeholders are filled in, and returns its variables. */
async function waitForVariables() {
  await page.waitForFunction(
    (selector) => /^[^<]*$/.test(document.querySelector(selector).CodeMirror.getValue()),
    VARIABLES,
    WAIT,
  );
  return JSON.parse((await readVariables()) || "{}");
}

const setEditor = (place, text) =>
  page.evaluate(
    ([selector, value]) => document.querySelector(selector).CodeMirror.setValue(value),
    [place, text],
  );
const VARIABLES = ".graphiql-editor-tool .CodeMirror";

const readQuery = () =>
  page.evaluate(() => document.querySelector(".graphiql-query-editor .CodeMirror").CodeMirror.getValue());

async function findOpenConversation() {
  const { conversations } = await ask(
    "{ conversations(first: 1, filter: { windowOpen: true }) { edges { node { id } } } }",
  );
  return conversations.edges[0].node.id;
}

const SEND = `mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) { message { id } userErrors { code message } }
}`;
const answerTo = (conversationId, body) => ({
  input: { to: { conversationId }, content: { text: { body } } },
});

/** Presses play on a subscription, and returns once the server has been asked for it. */
async function subscribe() {
  const started = page.waitForEvent("websocket", WAIT).then((socket) =>
    socket.waitForEvent("framesent", { ...WAIT, predicate: ({ payload }) => payload.includes('"subscribe"') }),
  );
  await press();
  await started;
}

/** Does it until the answer pane shows the text: the protocol has no word for "subscribed". */
async function doUntilSeen(action, text) {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await action();
    const seen = await waitForAnswer(text, { timeout: 2_000 }).catch((error) => {
      if (error.name !== "TimeoutError") throw error;
    });
    if (seen) return seen;
  }
  return waitForAnswer(text);
}

async function writeAsCustomer(text) {
  const answer = await fetch(`${SANDBOX_URL}/sandbox/inbound`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ from: "15550001111", name: "Browser Test", type: "text", text }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

test("the first example shows who the key of the address is", async () => {
  await open(WAGRAPH_KEY);

  await press();
  const { data } = await waitForAnswer('"viewer"');

  assert.equal(data.viewer.role, "ADMIN");
  assert.equal(await page.title(), "wagraph GraphiQL");
  assert.deepEqual(await readTabs(), TABS);
});

test("the key leaves the address bar and is in no request's address", async () => {
  await open(WAGRAPH_KEY);

  assert.equal(page.url(), `${WAGRAPH_URL}/graphql`);
  assert.deepEqual(await readHeaders(), { Authorization: `Bearer ${WAGRAPH_KEY}` });
  assert.deepEqual(requests.filter((url) => url.includes(WAGRAPH_KEY)), []);
});

test("a customer's message appears live", async () => {
  const text = "hello from the browser test";
  await open(WAGRAPH_KEY);
  await openTab("LiveMessages");
  await subscribe();

  const event = await doUntilSeen(() => writeAsCustomer(text), text);

  const { message } = event.data.messageAdded;
  assert.deepEqual([message.direction, message.text], ["INBOUND", text]);
  assert.equal(message.contact.profileName, "Browser Test");
});

test("a reload keeps the tabs and the key", async () => {
  await open(WAGRAPH_KEY);
  await openTab("SendText");
  // GraphiQL stores its tabs half a second after the last change.
  await page.waitForFunction(
    () =>
      Object.entries(localStorage).some(
        ([name, state]) => name.endsWith("tabState") && JSON.parse(state).activeTabIndex === 4,
      ),
    undefined,
    WAIT,
  );

  await open();

  assert.deepEqual(await readTabs(), TABS);
  assert.equal(await page.textContent(".graphiql-tab-active .graphiql-tab-button"), "SendText");
  assert.deepEqual(await readHeaders(), { Authorization: `Bearer ${WAGRAPH_KEY}` });
});

test("a key entered in one tab reaches the others", async () => {
  await open();
  assert.match((await readHeaders()).Authorization, /^Bearer <.*>$/);

  // The key counts as entered after a pause in typing; the schema, refused before, is then fetched.
  const fetched = page.waitForResponse((response) => response.ok() && response.request().method() === "POST", WAIT);
  await enterKey();
  await fetched;
  await openTab("Inbox");
  await press();

  assert.ok(Array.isArray((await waitForAnswer('"conversations"')).data.conversations.edges));
});

test("a refused key ends the live connection with a reason", async () => {
  await open("wag_not_a_key");
  await openTab("LiveMessages");

  await press();
  const { errors } = await waitForAnswer('"errors"');

  assert.match(errors[0].message, /API key/);
});

test("the example tabs run as they are", async () => {
  const failures = [];
  await open(WAGRAPH_KEY);

  for (const title of TABS.filter((name) => !/^(Live|Resume)/.test(name))) {
    await openTab(title);
    await waitForVariables();
    await press();
    const { data, errors } = await waitForAnswer('"data"');
    const [answer] = Object.values(data);
    const edges = (answer.messages ?? answer).edges;
    if (errors || answer.userErrors?.length || edges?.length === 0) failures.push({ title, answer, errors });
  }

  assert.deepEqual(failures, []);
});

test("the example ResumeLive starts at the present", async () => {
  await open(WAGRAPH_KEY);
  await openTab("ResumeLive");
  await waitForVariables();
  await subscribe();

  await writeAsCustomer("after the cursor");

  const { data } = await waitForAnswer('"cursor"');
  assert.ok(data.events.cursor);
});

test("variables are filled in once a key is entered", async () => {
  await open();
  await openTab("SendText");
  assert.match(await readVariables(), /<an id from the Inbox tab>/);

  await enterKey();

  const { input } = await waitForVariables();
  assert.match(input.to.conversationId, /^\w+=*$/);
});

test("a text is sent, and its variables are typed in the page", async () => {
  const body = `hello from GraphiQL ${Date.now()}`;
  await open(WAGRAPH_KEY);
  await openTab("SendText");
  await setEditor(VARIABLES, JSON.stringify(answerTo(await findOpenConversation(), body)));

  await press();
  const { sendMessage } = (await waitForAnswer('"sendMessage"')).data;

  assert.deepEqual(sendMessage.userErrors, []);
  assert.deepEqual([sendMessage.message.status, sendMessage.message.text], ["QUEUED", body]);
});

test("a second window sends while the first one listens", async () => {
  await open(WAGRAPH_KEY);
  await openTab("LiveMessages");
  await subscribe();
  const first = page;
  page = await first.context().newPage();
  await open();
  await openTab("SendText");
  await waitForVariables();

  await press();
  await waitForAnswer('"QUEUED"');

  page = first;
  const { data } = await waitForAnswer("Hello from wagraph!");
  assert.equal(data.messageAdded.message.direction, "OUTBOUND");
});

test("a narrow page shows the variables of its tab", async () => {
  await page.setViewportSize({ width: 700, height: 800 });
  await open(WAGRAPH_KEY);
  await openTab("React");
  await waitForVariables();

  await press();

  assert.deepEqual((await waitForAnswer('"data"')).data.sendMessage.userErrors, []);
});

test("the statuses of a message appear live", async () => {
  const conversationId = await findOpenConversation();
  await open(WAGRAPH_KEY);
  await openTab("LiveStatuses");
  await subscribe();

  const event = await doUntilSeen(() => ask(SEND, answerTo(conversationId, "see my ticks")), "see my ticks");

  assert.match(event.data.messageStatusChanged.status, /^[A-Z]+$/);
  // The pane shows the last one only.
  await waitForAnswer(['"DELIVERED"', '"READ"']);
});

test("the explorer builds a query", async () => {
  await open(WAGRAPH_KEY);
  await page.click('[aria-label="Show GraphiQL Explorer"]');
  const field = page.locator(".graphiql-explorer-root").getByText("eventCursor", { exact: true });

  await field.click(WAIT);

  await page.waitForFunction(
    () =>
      document.querySelector(".graphiql-query-editor .CodeMirror").CodeMirror.getValue().includes("eventCursor"),
    undefined,
    WAIT,
  );
  assert.match(await readQuery(), /query WhoAmI \{/);
  await press();
  const { data } = await waitForAnswer('"eventCursor"');
  assert.equal(data.viewer.role, "ADMIN");
});

test("the manual describes types, fields and arguments", async () => {
  await open(WAGRAPH_KEY);
  await page.click('[aria-label="Show Documentation Explorer"]');
  const manual = page.locator(".graphiql-doc-explorer");
  await manual.getByText("Query", { exact: true }).first().click(WAIT);
  await manual.getByText("conversations", { exact: true }).click(WAIT);

  const { __type } = await ask(
    '{ __type(name: "Query") { fields { name description args { name description } } } }',
  );
  const field = __type.fields.find(({ name }) => name === "conversations");
  const argument = field.args.find(({ name }) => name === "orderBy");
  await manual.getByText(field.description.split("\n")[0]).first().waitFor(WAIT);
  await manual.getByText(argument.description.split("\n")[0]).first().waitFor(WAIT);
});

for (const [colorScheme, isRight] of [
  ["light", (lightness) => lightness > 200],
  ["dark", (lightness) => lightness < 80],
]) {
  test(`the page is ${colorScheme} where the system is`, async () => {
    await page.emulateMedia({ colorScheme });
    await open(WAGRAPH_KEY);

    const readColor = () =>
      page.evaluate(() => getComputedStyle(document.querySelector(".graphiql-container")).backgroundColor);

    await retry(readColor, (color) => {
      const parts = color.match(/\d+/g).slice(0, 3).map(Number);
      assert.ok(isRight(Math.max(...parts)), color);
    });
    await capture(page, `graphiql-${colorScheme}`);
  });
}
