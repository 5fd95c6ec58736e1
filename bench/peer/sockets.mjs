// GraphQL over WebSocket by graphql-ws, executed by yoga, as yoga's documentation has it.

import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import { authenticate } from "./access.mjs";

const MAX_FRAME_BYTES = 256 * 1024;

export function serveSockets(server, yoga, database) {
  const sockets = new WebSocketServer({
    server,
    path: "/graphql",
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  useServer(
    {
      // Wrong or revoked keys close the socket with 4403.
      onConnect: async (ctx) => {
        ctx.extra.viewer = await authenticate(database, findCredential(ctx.connectionParams));
        return ctx.extra.viewer !== null;
      },
      execute: (args) => args.rootValue.execute(args),
      subscribe: (args) => args.rootValue.subscribe(args),
      onSubscribe: async (ctx, _id, params) => {
        const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
          ...ctx,
          req: ctx.extra.request,
          socket: ctx.extra.socket,
          params,
        });
        const args = {
          schema,
          operationName: params.operationName,
          document: parse(params.query),
          variableValues: params.variables,
          contextValue: await contextFactory(),
          rootValue: { execute, subscribe },
        };
        const errors = validate(args.schema, args.document);
        return errors.length ? errors : args;
      },
    },
    sockets,
  );
}

const findCredential = (params) => params?.Authorization ?? params?.authorization;
