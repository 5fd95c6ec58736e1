// Relay: its compiler takes the schema, and its runtime runs what it made.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createClient } from "graphql-ws";
import compiler from "relay-compiler";
import relay from "relay-runtime";
import WebSocket from "ws";
import { follow, shouldRetry } from "./live.mjs";
import * as world from "./world.mjs";

const { Environment, Network, Observable, RecordSource, Store } = relay;
const require = createRequire(import.meta.url);
const ARTIFACTS = [
  "InboxQuery", "InboxPageQuery", "Inbox", "SendMutation", "UploadMutation", "LiveSubscription",
];
const sockets = [];
const made = {};
let folder;
let network;
let conversationId;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "wagraph-relay-"));
  compile();
  network = await world.openNetwork();
  conversationId = await world.fillInbox();
});
after(() => {
  sockets.forEach((socket) => socket.dispose());
  network?.close();
  rmSync(folder, { recursive: true });
});

function compile() {
  const here = fileURLToPath(new URL(".", import.meta.url));
  mkdirSync(join(folder, "src"));
  copyFileSync(join(here, "relay", "operations.js"), join(folder, "src", "operations.js"));
  copyFileSync(join(here, "..", "..", "schema.graphql"), join(folder, "schema.graphql"));
  const config = { src: "src", schema: "schema.graphql", language: "javascript", eagerEsModules: false };
  writeFileSync(join(folder, "relay.config.json"), JSON.stringify(config));
  execFileSync(compiler, ["--noWatchman"], { cwd: folder, stdio: "pipe" });
  for (const name of ARTIFACTS) {
    const file = join(folder, "src", "__generated__", `operations${name}.graphql.js`);
    made[name] = require(file);
  }
}

function connect(key = world.ADMIN_KEY) {
  const headers = { Authorization: `Bearer ${key}` };
  const socket = createClient({
    url: network.websocketUrl,
    webSocketImpl: WebSocket,
    connectionParams: headers,
    shouldRetry,
    retryAttempts: 1000,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)),
  });
  sockets.push(socket);
  const fetchOperation = async ({ text }, variables, _cacheConfig, uploadables) => {
    const operation = JSON.stringify({ query: text, variables });
    const isUpload = Object.keys(uploadables ?? {}).length > 0;
    const answer = await fetch(network.url, {
      method: "POST",
      headers: {
        ...headers,
        ...(isUpload ? { "GraphQL-Require-Preflight": "1" } : { "content-type": "application/json" }),
        accept: "application/graphql-response+json, application/json;q=0.9",
      },
      body: isUpload ? makeForm(operation, uploadables) : operation,
    });
    return answer.json();
  };
  const subscribe = ({ text }, variables) =>
    Observable.create((sink) => follow(socket, { query: text, variables }, sink));
  return new Environment({
    network: Network.create(fetchOperation, subscribe),
    store: new Store(new RecordSource()),
  });
}

/** The names of the files are their paths in the variables. */
function makeForm(operations, uploadables) {
  const form = new FormData();
  const paths = Object.keys(uploadables);
  form.append("operations", operations);
  form.append("map", JSON.stringify(Object.fromEntries(paths.map((path) => [path, [path]]))));
  for (const path of paths) form.append(path, uploadables[path]);
  return form;
}

function readInbox(environment, variables) {
  const { getRequest, createOperationDescriptor, getSingularSelector } = relay;
  const operation = createOperationDescriptor(getRequest(made.InboxQuery), variables);
  const { data } = environment.lookup(operation.fragment);
  return environment.lookup(getSingularSelector(made.Inbox, data)).data.conversations;
}

test("queries, and pages into one connection", async () => {
  const environment = connect();
  const variables = { first: 5, after: null };
  const query = (document, asked) => relay.fetchQuery(environment, document, asked).toPromise();
  const operation = relay.createOperationDescriptor(relay.getRequest(made.InboxQuery), variables);
  environment.retain(operation);
  await query(made.InboxQuery, variables);
  let inbox = readInbox(environment, variables);
  while (inbox.pageInfo.hasNextPage) {
    await query(made.InboxPageQuery, { first: 5, after: inbox.pageInfo.endCursor });
    inbox = readInbox(environment, variables);
  }
  const ids = inbox.edges.map(({ node }) => node.id);
  assert.equal(ids.length, world.CUSTOMERS);
  assert.equal(new Set(ids).size, world.CUSTOMERS);
});

function mutate(environment, mutation, input, uploadables) {
  return new Promise((onCompleted, onError) =>
    relay.commitMutation(environment, {
      mutation,
      variables: { input },
      uploadables,
      onCompleted: (response, errors) => onCompleted({ ...response, errors }),
      onError,
    }),
  );
}

const send = (environment, to, body) =>
  mutate(environment, made.SendMutation, { to, content: { text: { body } } });

test("mutates, and refusals are data", async () => {
  const environment = connect();
  const sent = await send(environment, { conversationId }, "by Relay");
  assert.equal(sent.sendMessage.message.text, "by Relay");

  const refused = await send(environment, { conversationId: "nobody" }, "hello");
  assert.equal(refused.sendMessage.userErrors[0].code, "NOT_FOUND");
});

test("uploads", async () => {
  const input = { accountId: await world.findAccount(), file: null };
  const files = { "variables.input.file": world.PICTURE };
  const response = await mutate(connect(), made.UploadMutation, input, files);
  world.checkUpload(response.uploadMedia);
});

test("errors have codes", async () => {
  for (const [key, code] of [[world.VIEWER_KEY, "FORBIDDEN"], ["wag_wrong", "UNAUTHENTICATED"]]) {
    await assert.rejects(send(connect(key), { conversationId }, "hello"), (error) => {
      assert.equal(error.source.errors[0].extensions.code, code);
      return true;
    });
  }
});

test("after a cut it goes on where it was", async () => {
  const environment = connect();
  await world.checkReconnect(network, (cursor, onText) => {
    const { dispose } = relay.requestSubscription(environment, {
      subscription: made.LiveSubscription,
      variables: { after: cursor },
      onNext: ({ events }) => events.__typename === "MessageAdded" && onText(events.message.text),
      onError: assert.ifError,
    });
    return dispose;
  });
});
