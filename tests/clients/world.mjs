// What the tests of all clients share: where the server is, a customer who writes, a network that
// can be cut, and what each client is asked to do.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import net from "node:net";
import WebSocket from "ws";
import { openSocket } from "@wagraph/client";

// As browsers have it.
globalThis.WebSocket = WebSocket;

export const { SERVER_URL, SANDBOX_URL, ADMIN_KEY, VIEWER_KEY } = process.env;
export const CUSTOMERS = 12;
export const MESSAGES = 25;
export const FIRST_CUSTOMER = "16505550100";

export const INBOX = /* GraphQL */ `
  query Inbox($first: Int!, $after: String) {
    conversations(first: $first, after: $after) {
      edges { cursor node { id unreadCount contact { id profileName } lastMessage { id text } } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;
export const HISTORY = /* GraphQL */ `
  query History($id: ID!, $first: Int!, $after: String) {
    conversation(id: $id) {
      id
      messages(first: $first, after: $after) {
        edges { cursor node { id text } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`;
const ADD_NOTE = /* GraphQL */ `
  mutation WriteNote($conversationId: ID!, $body: String!) {
    addNote(input: { conversationId: $conversationId, body: $body }) {
      note { id }
      userErrors { code message }
    }
  }
`;
const TIMELINE = /* GraphQL */ `
  query ReadTimeline($id: ID!, $after: String) {
    conversation(id: $id) {
      id
      timeline(first: 100, after: $after) {
        nodes { id }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`;
export const SEND = /* GraphQL */ `
  mutation Send($conversationId: ID!, $body: String!, $key: String) {
    sendMessage(
      input: { to: { conversationId: $conversationId }, content: { text: { body: $body } }, idempotencyKey: $key }
    ) {
      message { id text status }
      userErrors { code message field }
    }
  }
`;
export const CURSOR = /* GraphQL */ `query Here { eventCursor }`;
export const LIVE = /* GraphQL */ `
  subscription Live($after: String) {
    messageAdded(after: $after) { cursor message { id text direction } }
  }
`;
export const STATUSES = /* GraphQL */ `
  subscription Statuses($after: String) {
    messageStatusChanged(after: $after) { cursor status message { id } }
  }
`;

export const ACCOUNTS = /* GraphQL */ `query Accounts { accounts { edges { node { id } } } }`;
const CREATE_KEY = /* GraphQL */ `
  mutation CreateKey($name: String!) {
    createApiKey(input: { name: $name, role: AGENT }) {
      token
      userErrors { code message }
    }
  }
`;
export const SYNC = /* GraphQL */ `
  mutation Sync($accountId: ID!) {
    syncTemplates(input: { accountId: $accountId }) {
      created
      userErrors { code message }
    }
  }
`;
export const UPLOAD = /* GraphQL */ `
  mutation Upload($accountId: ID!, $file: Upload!) {
    uploadMedia(input: { accountId: $accountId, file: $file }) {
      upload { id kind filename sizeBytes }
      userErrors { code message field }
    }
  }
`;
export const PICTURE = new File(
  [Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), new Uint8Array(200)],
  "photo.png",
  { type: "image/png" },
);

/** What every client's upload must answer. */
export function checkUpload({ upload, userErrors }) {
  assert.deepEqual(userErrors, []);
  const { kind, filename, sizeBytes } = upload;
  assert.deepEqual({ kind, filename, sizeBytes }, { kind: "IMAGE", filename: "photo.png", sizeBytes: 208 });
}

export async function findAccount() {
  const { accounts } = await ask(ACCOUNTS);
  return accounts.edges[0].node.id;
}

/** Creates an agent, and returns the API key. */
export async function hireAgent(name) {
  const { createApiKey } = await ask(CREATE_KEY, { name });
  assert.deepEqual(createApiKey.userErrors, []);
  return createApiKey.token;
}

export const giveKey = (key) => async () => key;

/** Options of sockets that try again at once: tests have no time. */
export const FAST = { retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)) };

export const openFast = (network, key = ADMIN_KEY, options = {}) =>
  openSocket(network.url, giveKey(key), { ...FAST, ...options });

/** The body, for one press of the send button. */
export const press = (conversationId, body) => ({ conversationId, body, key: randomUUID() });

/** The least that asks the server: for what a test needs beside its client. */
export async function ask(query, variables = {}, key = ADMIN_KEY) {
  const answer = await fetch(`${SERVER_URL}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined);
  return data;
}

/** Waits until a message is newer than all before it: WhatsApp's times have steps of a second. */
export const nextSecond = () => new Promise((resolve) => setTimeout(resolve, 1020 - (Date.now() % 1000)));

/** A customer writes; returns once the server has taken the webhook. */
export async function say(text, { from = FIRST_CUSTOMER, name = "Ada" } = {}) {
  const answer = await fetch(`${SANDBOX_URL}/sandbox/inbound`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ from, name, type: "text", text }),
  });
  const delivery = await answer.json();
  assert.equal(delivery.webhook_status, 200, JSON.stringify(delivery));
}

/** Twelve customers, the first of whom has written many messages: the id of that conversation. */
export async function fillInbox(messages = MESSAGES) {
  for (let number = 1; number < CUSTOMERS; number++) {
    const digits = String(number).padStart(2, "0");
    await say(`hello ${number}`, { from: `165055501${digits}`, name: `Customer ${number}` });
  }
  for (let number = 0; number < messages; number++) await say(`message ${number}`);
  const inbox = await eventually(async () => {
    const { conversations } = await ask(INBOX, { first: 50 });
    const first = conversations.edges.find(({ node }) => node.contact.profileName === "Ada");
    const isWhole = conversations.edges.length === CUSTOMERS && first.node.unreadCount === messages;
    return isWhole && first.node;
  });
  return inbox.id;
}

export async function eventually(look, seconds = 30) {
  for (const deadline = Date.now() + seconds * 1000; ; ) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < deadline, `not within ${seconds} s: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A colleague writes a note. */
export async function note(conversationId, body) {
  const { addNote } = await ask(ADD_NOTE, { conversationId, body });
  assert.deepEqual(addNote.userErrors, []);
}

/** Ids of everything that happened in a conversation, newest first. */
export async function readTimeline(id) {
  const ids = [];
  for (let after = null; ; ) {
    const { nodes, pageInfo } = (await ask(TIMELINE, { id, after })).conversation.timeline;
    ids.push(...nodes.map((item) => item.id));
    if (!pageInfo.hasNextPage) return ids;
    after = pageInfo.endCursor;
  }
}

/**
 * A way to the server that can be cut or freeze, as networks are: without a goodbye. Some proxies
 * block WebSockets.
 */
export async function openNetwork({ blocksSockets = false } = {}) {
  const target = new URL(SERVER_URL);
  const connections = new Set();
  let isDown = false;
  const server = net.createServer((near) => {
    if (isDown) return near.destroy();
    if (blocksSockets) near.on("data", (chunk) => /upgrade: websocket/i.test(chunk) && near.destroy());
    const far = net.connect(Number(target.port), target.hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      connections.add(one);
      one.pipe(other);
      one.on("error", () => {});
      one.on("close", () => {
        connections.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => connections.forEach((connection) => connection.destroy());
  return {
    url: `http://127.0.0.1:${server.address().port}/graphql`,
    websocketUrl: `ws://127.0.0.1:${server.address().port}/graphql`,
    cut,
    /** Present connections stay open and carry nothing more. */
    freeze: () => connections.forEach((connection) => connection.unpipe().pause()),
    goDown() {
      isDown = true;
      cut();
    },
    comeBack: () => (isDown = false),
    close() {
      cut();
      server.close();
    },
  };
}

/**
 * Writes messages before, while and after the network is away, and compares what came.
 * `subscribe(after, onText)` starts the client's subscription and returns what stops it.
 */
export async function checkReconnect(network, subscribe) {
  const { eventCursor } = await ask(CURSOR);
  const texts = [];
  const stop = await subscribe(eventCursor, (text) => texts.push(text));
  const expected = [];
  const write = async (word, count) => {
    for (let number = 0; number < count; number++) {
      expected.push(`${word} ${number}`);
      await say(`${word} ${number}`);
    }
  };
  for (let round = 0; round < 3; round++) {
    await write(`online ${round}`, 3);
    await eventually(() => texts.length >= expected.length);
    network.goDown();
    await write(`away ${round}`, 3);
    network.comeBack();
  }
  await write("at last", 1);
  await eventually(() => texts.at(-1) === "at last 0");
  await stop();
  assert.deepEqual(texts.sort(), expected.sort());
}
