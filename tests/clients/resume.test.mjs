// @wagraph/client: what a lost connection costs. The server has a small budget in this file.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openSocket } from "@wagraph/client";
import { createApollo, keepCacheUp } from "@wagraph/client/apollo";
import { gql } from "@apollo/client";
import * as world from "./world.mjs";

const LIVE = gql`
  subscription Live($after: String) {
    messageAdded(after: $after) { cursor message { id text timestamp conversation { id } } }
  }
`;
const PAGE = gql`
  query Page($filter: ConversationFilter, $first: Int!) { conversations(filter: $filter, first: $first) { nodes { id } } }
`;
const closes = [];
const sent = { requests: [], frames: [] };
let network;

before(async () => {
  network = await world.openNetwork();
  await world.say("hello");
  const fetchPage = globalThis.fetch;
  globalThis.fetch = async (url, init) => {
    const response = await fetchPage(url, init);
    if (String(url).startsWith(network.url)) sent.requests.push(response.status);
    return response;
  };
  globalThis.WebSocket = class extends globalThis.WebSocket {
    send(data, ...rest) {
      sent.frames.push(JSON.parse(data).type);
      super.send(data, ...rest);
    }
  };
});
after(() => {
  closes.forEach((close) => close());
  network.close();
});

function connect(options) {
  const getToken = world.giveKey(world.ADMIN_KEY);
  const socket = openSocket(network.url, getToken, options);
  const apollo = createApollo(network.url, getToken, socket);
  closes.push(() => (apollo.stop(), socket.dispose()));
  return { apollo, socket };
}

const opened = (socket) => new Promise((resolve) => closes.push(socket.on("connected", resolve)));

test("a resume sends its subscription, and requests nothing", async () => {
  const { apollo, socket } = connect(world.FAST);
  const texts = [];
  await new Promise((resolve, reject) => {
    closes.push(
      keepCacheUp(apollo, socket, {
        document: LIVE,
        onLoad: resolve,
        onEvent: ({ message }) => void (message && texts.push(message.text)),
        onError: reject,
      }),
    );
  });
  await world.say("before");
  await world.eventually(() => texts.includes("before"));
  // The message with which the test's world begins may be heard, too.
  texts.splice(0, texts.indexOf("before"));
  sent.requests.length = sent.frames.length = 0;
  for (let cut = 0; cut < 5; cut++) {
    network.goDown();
    const again = opened(socket);
    await world.say(`missed ${cut}`);
    network.comeBack();
    await again;
    await world.eventually(() => texts.includes(`missed ${cut}`));
  }

  assert.deepEqual(texts, ["before", ...Array.from({ length: 5 }, (_, cut) => `missed ${cut}`)]);
  assert.deepEqual(sent.requests, []);
  const frames = sent.frames.filter((type) => !["ping", "pong"].includes(type));
  assert.deepEqual(frames, Array.from({ length: 5 }, () => ["connection_init", "subscribe"]).flat());
});

test("a socket whose browser is online again does not wait", async () => {
  const online = new Set();
  globalThis.addEventListener = (name, listener) => name === "online" && online.add(listener);
  globalThis.removeEventListener = (name, listener) => online.delete(listener);
  const { socket } = connect();
  const first = opened(socket);
  closes.push(socket.subscribe({ query: world.LIVE }, { next() {}, error() {}, complete() {} }));
  await first;
  const { setTimeout } = globalThis;
  // The back-off never ends by itself.
  globalThis.setTimeout = () => undefined;
  try {
    const again = opened(socket);
    network.cut();
    for (let wait = 0; online.size === 0; wait++) {
      assert.ok(wait < 1_500, "The socket does not listen.");
      await sleep(20);
    }
    online.forEach((listener) => listener());
    await again;
  } finally {
    globalThis.setTimeout = setTimeout;
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
  }
  assert.equal(online.size, 0);
});

test("requests beyond the budget are sent later, and none is refused", async () => {
  const { apollo } = connect(world.FAST);
  const load = (tag) => apollo.query({ query: PAGE, variables: { first: 100, filter: { tags: { any: [tag] } } }, fetchPolicy: "network-only" });
  await load("first");
  sent.requests.length = 0;
  const pages = await Promise.all(Array.from({ length: 40 }, (_, number) => load(`tag ${number}`)));

  assert.equal(pages.length, 40);
  assert.deepEqual(sent.requests, Array.from({ length: 40 }, () => 200));
  // The server refuses as many at once.
  const query = "query Page($first: Int!) { conversations(first: $first) { nodes { id } } }";
  const direct = await Promise.all(
    Array.from({ length: 40 }, () =>
      fetch(network.url, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${world.ADMIN_KEY}` },
        body: JSON.stringify({ query, variables: { first: 100 } }),
      }),
    ),
  );
  assert.ok(direct.some(({ status }) => status === 429));
});
