// @wagraph/client: what it does when handlers, tokens and cursors fail.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { buildTemplateForm, findFormErrors, findRetryDelay, keepUp, listChanges, MediaUrls, openSocket, toTemplateParameters } from "@wagraph/client";
import { createApollo } from "@wagraph/client/apollo";
import { openLive, openStream } from "@wagraph/client/sse";
import { gql } from "@apollo/client";
import * as world from "./world.mjs";

const closes = [];
let network;

before(async () => {
  network = await world.openNetwork();
  await world.fillInbox();
});
after(() => {
  closes.forEach((close) => close());
  network.close();
});

function open(getToken = world.giveKey(world.ADMIN_KEY), url = network.url) {
  const socket = openSocket(url, getToken, world.FAST);
  closes.push(() => socket.dispose());
  return socket;
}

/** Follows new messages; `handle` gets each text. Returns what was loaded and reported. */
function follow(socket, handle, loadCursor = async () => (await world.ask(world.CURSOR)).eventCursor) {
  const seen = { loads: 0, errors: [] };
  const stop = keepUp(socket, {
    operation: { query: world.LIVE },
    async load() {
      const cursor = await loadCursor(seen.loads);
      seen.loads += 1;
      return cursor;
    },
    onEvent: ({ data }) => handle(data.messageAdded.message.text),
    onError: (error, isFinal) => seen.errors.push([error, isFinal]),
  });
  closes.push(stop);
  return seen;
}

test("an event whose handler throws is not skipped: the lists are loaded again", async () => {
  const texts = [];
  let isBroken = true;
  const seen = follow(open(), (text) => {
    if (isBroken) throw new Error("broken handler");
    texts.push(text);
  });
  await world.eventually(() => seen.loads === 1);
  await world.say("first");
  await world.eventually(() => seen.loads === 2);
  isBroken = false;
  await world.eventually(async () => {
    await world.say("second");
    return texts.includes("second");
  });

  assert.match(String(seen.errors[0][0]), /broken handler/);
  assert.equal(seen.errors[0][1], false);
});

test("events are handled one after another, also across a cut", async () => {
  const [texts, expected] = [[], []];
  // Messages of one second may be stored in any order.
  const direct = open(world.giveKey(world.ADMIN_KEY), `${world.SERVER_URL}/graphql`);
  const reference = follow(direct, (text) => expected.push(text));
  let running = 0;
  const seen = follow(open(), async (text) => {
    assert.equal((running += 1), 1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    running -= 1;
    texts.push(text);
  });
  await world.eventually(() => seen.loads === 1 && reference.loads === 1);
  for (let number = 0; number < 10; number++) {
    await world.say(`slow ${number}`);
    if (number % 3 === 0) network.cut();
  }
  await world.eventually(() => texts.length === 10 && expected.length === 10);

  assert.deepEqual(texts, expected);
  assert.deepEqual(seen.errors, []);
});

test("events that come while earlier ones are handled come together, in order", async () => {
  const expected = [];
  const direct = open(world.giveKey(world.ADMIN_KEY), `${world.SERVER_URL}/graphql`);
  const reference = follow(direct, (text) => expected.push(text));
  const batches = [];
  let isLoaded = false;
  const stop = keepUp(open(), {
    operation: { query: world.LIVE },
    async load() {
      const { eventCursor } = await world.ask(world.CURSOR);
      isLoaded = true;
      return eventCursor;
    },
    onEvent: assert.fail,
    async onEvents(results) {
      batches.push(results.map(({ data }) => data.messageAdded.message.text));
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    },
    onError: assert.ifError,
  });
  closes.push(stop);
  await world.eventually(() => isLoaded && reference.loads === 1);
  for (let number = 0; number < 10; number++) await world.say(`together ${number}`);
  await world.eventually(() => batches.flat().length === 10 && expected.length === 10);

  assert.deepEqual(batches.flat(), expected);
  assert.ok(batches.length < 10, `${batches.length} batches`);
});

test("a forged cursor is a final error", async () => {
  const seen = follow(open(), () => {}, async () => "forged");
  await world.eventually(() => seen.errors.length === 1);

  const [[[error], isFinal]] = seen.errors;
  assert.equal(error.extensions.code, "BAD_USER_INPUT");
  assert.equal(isFinal, true);
});

test("a refused token is replaced once, by socket and requests", async () => {
  const asked = [];
  const getToken = async (isRefused) => {
    asked.push(Boolean(isRefused));
    return isRefused ? world.ADMIN_KEY : "wag_expired";
  };
  const socket = open(getToken);
  const texts = [];
  const seen = follow(socket, (text) => texts.push(text));
  await world.eventually(async () => {
    await world.say("with a new token");
    return texts.length > 0;
  });
  assert.deepEqual(asked.slice(0, 2), [false, true]);
  assert.deepEqual(seen.errors, []);

  const apollo = createApollo(network.url, getToken, socket);
  const { data } = await apollo.query({ query: gql(world.INBOX), variables: { first: 1 } });
  assert.equal(data.conversations.edges.length, 1);
  apollo.stop();
});

test("an expired cursor loads the lists again", async () => {
  const socket = open();
  let isExpired = true;
  const once = {
    subscribe(request, sink) {
      if (!isExpired) return socket.subscribe(request, sink);
      isExpired = false;
      sink.error([{ message: "expired", extensions: { code: "CURSOR_EXPIRED" } }]);
      return () => {};
    },
  };
  const texts = [];
  const seen = follow(once, (text) => texts.push(text));
  await world.eventually(() => seen.loads === 2);
  await world.say("after the reload");
  await world.eventually(() => texts.length === 1);

  assert.deepEqual([texts, seen.errors], [["after the reload"], []]);
});

test("event streams resume after cuts and silence, with a new token if one is refused", async () => {
  const asked = [];
  const getToken = async (isRefused) => {
    asked.push(Boolean(isRefused));
    return asked.length > 1 && !isRefused ? "wag_expired" : world.ADMIN_KEY;
  };
  const stream = openStream(network.url, getToken, { ...world.FAST, silenceMilliseconds: 5_000 });
  closes.push(() => stream.dispose());
  const [texts, expected] = [[], []];
  const seen = follow(stream, (text) => texts.push(text));
  const write = async (text) => expected.push(text) && world.say(text);
  await world.eventually(() => seen.loads === 1);
  await write("streamed");
  await world.eventually(() => texts.length === 1);
  network.cut();
  await write("streamed after a cut");
  await world.eventually(() => texts.length === 2);
  assert.deepEqual(asked.slice(0, 3), [false, false, true]);
  network.freeze();
  await write("streamed after silence");
  await world.eventually(() => texts.length === 3);

  assert.deepEqual([texts, seen.errors, seen.loads], [expected, [], 1]);
});

test("an event stream reports refusals as a socket does", async () => {
  const refused = openStream(network.url, world.giveKey("wag_wrong"), world.FAST);
  const denied = follow(refused, () => {});
  const stream = openStream(network.url, world.giveKey(world.ADMIN_KEY), world.FAST);
  const forged = follow(stream, () => {}, async () => "forged");
  closes.push(() => refused.dispose(), () => stream.dispose());
  await world.eventually(() => denied.errors.length === 1 && forged.errors.length === 1);

  assert.deepEqual([denied.errors[0][0].name, denied.errors[0][1]], ["TokenRefused", true]);
  assert.deepEqual([forged.errors[0][0][0].extensions.code, forged.errors[0][1]], ["BAD_USER_INPUT", true]);
});

test("a network that blocks WebSockets gets event streams, and others do not", async () => {
  const blocking = await world.openNetwork({ blocksSockets: true });
  closes.push(blocking.close);
  for (const [way, isOpened] of [[blocking, false], [network, true]]) {
    let opened = 0;
    const live = openLive(way.url, world.giveKey(world.ADMIN_KEY), { ...world.FAST, on: { connected: () => (opened += 1) } });
    closes.push(() => live.dispose());
    const texts = [];
    const seen = follow(live, (text) => texts.push(text));
    await world.eventually(() => seen.loads === 1);
    for (const text of ["through", "and through"]) {
      await world.say(text);
      await world.eventually(() => texts.at(-1) === text);
      way.cut();
    }
    assert.deepEqual([texts, opened > 0, seen.errors], [["through", "and through"], isOpened, []]);
  }
});

test("a request that hangs ends, and is worth repeating", async () => {
  const isHanging = [true];
  const server = createServer((request, response) => {
    if (!isHanging.pop()) response.end(JSON.stringify({ data: { eventCursor: "here" } }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { timeout } = AbortSignal;
  AbortSignal.timeout = (milliseconds) => timeout.call(AbortSignal, milliseconds / 100);
  const apollo = createApollo(`http://127.0.0.1:${server.address().port}`, async () => "key", {});
  const ask = () => apollo.query({ query: gql("{ eventCursor }"), fetchPolicy: "network-only" });
  try {
    const error = await ask().then(assert.fail, (error) => error);
    assert.equal(findRetryDelay(error, 0), 500);
    assert.equal((await ask()).data.eventCursor, "here");
  } finally {
    AbortSignal.timeout = timeout;
    apollo.stop();
    server.closeAllConnections();
    server.close();
  }
});

test("a failure of the server closes the socket, but not for good", () => {
  assert.equal(findRetryDelay({ code: 1011, reason: "Internal error" }, 0), 500);
  assert.equal(findRetryDelay({ code: 4403, reason: "Forbidden" }, 0), null);
});

test("what a proxy or a captive portal answers is repeated, and a refusal is not", async () => {
  const page = "<!doctype html><title>Sign in to the Wi-Fi</title>";
  const statuses = [200, 404, 502, 413];
  const answers = statuses.map((status) => (response) => response.writeHead(status, { "content-type": "text/html" }).end(page));
  answers.push((response) => response.end(JSON.stringify({ data: { eventCursor: "here" } })));
  const server = createServer((request, response) => answers.shift()(response));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const apollo = createApollo(`http://127.0.0.1:${server.address().port}`, async () => "key", {});
  const ask = () => apollo.query({ query: gql("{ eventCursor }"), fetchPolicy: "network-only" });
  try {
    const delays = [];
    for (const _ of statuses) delays.push(findRetryDelay(await ask().then(assert.fail, (error) => error), 1));
    assert.deepEqual(delays, [1000, 1000, 1000, null]);
    assert.equal((await ask()).data.eventCursor, "here");
  } finally {
    apollo.stop();
    server.closeAllConnections();
    server.close();
  }
});

test("a media URL is replaced before it expires, once for all who show it", async () => {
  let now = Date.now();
  const makeUrl = (seconds) => `https://example.com/media/1?expires=${Math.floor(now / 1000) + seconds}`;
  let loads = 0;
  const urls = new MediaUrls(async () => makeUrl(900 + (loads += 1)), () => now);
  const [first, shown] = [makeUrl(61), []];
  const stops = [0, 1].map(() => urls.watch("m", first, (url) => shown.push(url)));
  await world.eventually(() => shown.length === 2);
  assert.deepEqual([shown, loads], [[first, first], 0]);

  now += 10_000;
  await world.eventually(() => shown.length === 4);
  stops.forEach((stop) => stop());
  assert.equal(loads, 1);
  assert.equal(shown[3], shown[2]);
  assert.ok(Number(new URL(shown[2]).searchParams.get("expires")) * 1000 > now + 800_000);
});

test("a clock that is ahead and a failure make pauses between the requests for a media URL", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const results = [Promise.reject(new TypeError("offline")), "https://example.com/media/1?expires=1", null];
  results[0].catch(() => {});
  const shown = [];
  let loads = 0;
  const urls = new MediaUrls(async () => results[loads++]);
  const stop = urls.watch("m", null, (url) => shown.push(url));
  for (const expected of [1, 2, 3]) {
    await new Promise(setImmediate);
    context.mock.timers.tick(29_999);
    await new Promise(setImmediate);
    assert.equal(loads, expected);
    context.mock.timers.tick(1);
  }
  stop();
  assert.deepEqual(shown, [results[1]]);
});

test("what an event changes is described without a cache", () => {
  const conversation = { id: "c" };
  const owner = { type: "Conversation", id: "c" };
  const place = (type, list) => ({ kind: "place", object: { type, id: "x" }, list });
  const list = (event) => listChanges(event);

  assert.deepEqual(list({ __typename: "MessageAdded", message: { id: "x", conversation, idempotencyKey: "k" } }), [
    { kind: "settle", idempotencyKey: "k" },
    place("Message", { owner, field: "messages" }),
    place("Message", { owner, field: "timeline" }),
  ]);
  assert.deepEqual(list({ __typename: "NoteAdded", note: { id: "x", conversation } }), [
    place("Note", { owner, field: "timeline" }),
  ]);
  assert.deepEqual(list({ __typename: "ConversationUpdated", conversation: { id: "x" } }), [
    place("Conversation", { owner: null, field: "conversations" }),
  ]);
  assert.deepEqual(list({ __typename: "ContactDeleted", contactId: "x" }), [
    { kind: "remove", object: { type: "Contact", id: "x" }, owning: "contact" },
  ]);
  assert.deepEqual(list({ __typename: "AddedNextYear" }), []);
});

test("a template form builds parameters and finds its errors", () => {
  const parameter = (place, kind, rest = {}) => ({
    place, kind, name: null, cardIndex: null, buttonIndex: null, label: null, example: null, required: true, ...rest,
  });
  const form = buildTemplateForm([
    parameter("HEADER", "IMAGE"),
    parameter("BODY", "TEXT", { name: "1" }),
    parameter("BODY", "TEXT", { name: "first_name" }),
    parameter("BUTTON", "PAYLOAD", { buttonIndex: 0, required: false }),
    parameter("BUTTON", "URL_SUFFIX", { buttonIndex: 1 }),
    parameter("BODY", "TEXT", { name: "1", cardIndex: 0 }),
    parameter("HEADER", "VIDEO", { cardIndex: 1 }),
  ]);
  const values = {
    header: { source: { uploadId: "u" } },
    "body.1": "A-1",
    "body.first_name": "Ada",
    "button.1": "A-1001",
    "card.0.body.1": "first card",
    "card.1.header": { source: { link: "https://example.com/v.mp4" } },
  };

  assert.deepEqual(form.map(({ key }) => key), [...Object.keys(values).slice(0, 3), "button.0", ...Object.keys(values).slice(3)]);
  assert.deepEqual(toTemplateParameters(form, values), {
    header: { image: { source: { uploadId: "u" } } },
    body: [{ value: { text: "A-1" } }, { name: "first_name", value: { text: "Ada" } }],
    buttons: [{ index: 1, value: { urlSuffix: "A-1001" } }],
    cards: [
      { body: [{ value: { text: "first card" } }] },
      { header: { video: { source: { link: "https://example.com/v.mp4" } } } },
    ],
  });
  const find = (...field) => findFormErrors(form, values, [{ message: "no", field }]);
  assert.deepEqual(find("content", "template", "parameters", "body", "1", "value", "text"), { "body.first_name": "no" });
  assert.deepEqual(find("parameters", "buttons", "0", "value", "urlSuffix"), { "button.1": "no" });
  assert.deepEqual(find("parameters", "cards", "1", "header", "video", "source"), { "card.1.header": "no" });
  assert.deepEqual(find("content", "template", "name"), { "": "no" });
});
