// @wagraph/client: what it does when handlers, tokens and cursors fail.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buildTemplateForm, findFormErrors, keepUp, openSocket, toTemplateParameters } from "@wagraph/client";
import { createApollo } from "@wagraph/client/apollo";
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

function open(getToken = world.giveKey(world.ADMIN_KEY)) {
  const socket = openSocket(network.url, getToken, world.FAST);
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
  let running = 0;
  const seen = follow(open(), async (text) => {
    assert.equal((running += 1), 1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    running -= 1;
    texts.push(text);
  });
  await world.eventually(() => seen.loads === 1);
  for (let number = 0; number < 10; number++) {
    expected.push(`slow ${number}`);
    await world.say(expected.at(-1));
    if (number % 3 === 0) network.cut();
  }
  await world.eventually(() => texts.length === expected.length);

  assert.deepEqual(texts, expected);
  assert.deepEqual(seen.errors, []);
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
    header: { uploadId: "u" },
    "body.1": "A-1",
    "body.first_name": "Ada",
    "button.1": "A-1001",
    "card.0.body.1": "first card",
    "card.1.header": { link: "https://example.com/v.mp4" },
  };

  assert.deepEqual(form.map(({ key }) => key), [...Object.keys(values).slice(0, 3), "button.0", ...Object.keys(values).slice(3)]);
  assert.deepEqual(toTemplateParameters(form, values), {
    header: { image: { uploadId: "u" } },
    body: [{ text: "A-1" }, { name: "first_name", text: "Ada" }],
    buttons: [{ index: 1, urlSuffix: "A-1001" }],
    cards: [{ body: [{ text: "first card" }] }, { header: { video: { link: "https://example.com/v.mp4" } } }],
  });
  const find = (...field) => findFormErrors(form, values, [{ message: "no", field }]);
  assert.deepEqual(find("content", "template", "parameters", "body", "1", "text"), { "body.first_name": "no" });
  assert.deepEqual(find("parameters", "buttons", "0", "urlSuffix"), { "button.1": "no" });
  assert.deepEqual(find("parameters", "cards", "1", "header", "video"), { "card.1.header": "no" });
  assert.deepEqual(find("content", "template", "name"), { "": "no" });
});
