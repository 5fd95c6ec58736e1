// The contender: graphql-yoga with graphql-ws on the Node driver, in one process, on wagraph's own
// database. Settings are wagraph's environment variables, PEER_JIT=1 and PEER_DISPATCH=1. It
// downloads no media and serves nothing beyond what the compared operations need.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { useGraphQlJit } from "@envelop/graphql-jit";
import { createSchema, createYoga } from "graphql-yoga";
import { authenticate } from "./access.mjs";
import { openDatabase } from "./database.mjs";
import { Dispatcher } from "./dispatcher.mjs";
import { Ingest } from "./ingest.mjs";
import { LiveFeed, Subscription } from "./live.mjs";
import { createLoaders } from "./loaders.mjs";
import { Meta } from "./meta.mjs";
import { Mutation } from "./outbox.mjs";
import { queryResolvers } from "./resolvers.mjs";
import { KeyRing } from "./secrets.mjs";
import { serveSockets } from "./sockets.mjs";
import { Webhook } from "./webhook.mjs";

const { MONGODB_URI, MONGODB_DATABASE, HOST, PORT, META_APP_SECRET, PEER_JIT, PEER_DISPATCH } = process.env;
const { GRAPH_API_URL, ENCRYPTION_KEYS } = process.env;

const database = await openDatabase(MONGODB_URI, MONGODB_DATABASE);
const live = new LiveFeed(database.messages);
const ingest = new Ingest(database);
const dispatcher = PEER_DISPATCH === "1"
  ? new Dispatcher({ database, meta: new Meta(GRAPH_API_URL), keyring: new KeyRing(ENCRYPTION_KEYS) })
  : null;
const webhook = new Webhook({ database, ingest, secret: META_APP_SECRET });

const yoga = createYoga({
  schema: createSchema({
    typeDefs: readFileSync(new URL("../../schema.graphql", import.meta.url), "utf8"),
    resolvers: { ...queryResolvers, Mutation, Subscription },
    resolverValidationOptions: { requireResolversForResolveType: "ignore" },
  }),
  // Parsed and validated documents are cached by default; all that costs and serves no client is off.
  logging: false,
  maskedErrors: false,
  graphiql: false,
  landingPage: false,
  cors: false,
  multipart: false,
  batching: false,
  context: createContext,
  // Compiles each document to a function: yoga's own plugin, which few use, and the faster contender.
  plugins: PEER_JIT === "1" ? [useGraphQlJit()] : [],
});

/** Of an HTTP request, or of an operation on a socket, whose key was checked when it opened. */
async function createContext({ request, extra }) {
  if (extra) {
    return { database, live, viewer: extra.viewer, loaders: createLoaders(database, { cache: false }) };
  }
  const viewer = await authenticate(database, request.headers.get("authorization"));
  return { database, live, dispatcher, viewer, loaders: createLoaders(database) };
}

const server = createServer((request, response) => {
  if (request.url === "/webhooks/whatsapp") webhook.answer(request, response);
  else if (request.url === "/readyz") response.writeHead(live.isOpen ? 200 : 503).end();
  else yoga(request, response);
});
serveSockets(server, yoga, database);
void live.run();
void ingest.run();
void dispatcher?.run();
server.listen(Number(PORT ?? 8000), HOST ?? "127.0.0.1");
// A profile (`node --cpu-prof`) is written when the process ends by itself.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(0));
