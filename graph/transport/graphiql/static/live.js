/**
 * Subscriptions over graphql-transport-ws: one socket each, opened with the headers tab as the
 * connection_init payload.
 *
 * GraphiQL has a client of its own, which answers a refused key (4403) by trying five times more and
 * shows nothing for most of a minute. Here every end of a stream is shown at once, with its reason.
 */

const REFUSED = new Set([4401, 4403]);

/** Makes `(params, headers) => AsyncIterator` of execution results for a GraphQL endpoint. */
export function createLiveFetcher(endpoint) {
  const address = new URL(endpoint);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return (params, headers) => new LiveStream(address.href, params, headers ?? {});
}

/**
 * The results of one subscription. Not an async generator: GraphiQL stops a stream by `return()`,
 * which a generator would not hear while it waits for the next event.
 */
class LiveStream {
  #socket;
  #results = [];
  #waiting = [];
  #ended = false;

  constructor(address, params, headers) {
    this.#socket = new WebSocket(address, "graphql-transport-ws");
    this.#socket.onopen = () => this.#send({ type: "connection_init", payload: headers });
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data), params);
    this.#socket.onclose = ({ code, reason }) => this.#end(describeClose(code, reason));
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    if (this.#results.length > 0) {
      return Promise.resolve({ done: false, value: this.#results.shift() });
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return() {
    this.#end(null);
    return Promise.resolve({ done: true, value: undefined });
  }

  #receive(message, params) {
    switch (message.type) {
      case "connection_ack":
        return this.#send({ id: "1", type: "subscribe", payload: params });
      case "ping":
        return this.#send({ type: "pong" });
      case "next":
        return this.#deliver(message.payload);
      case "error":
        return this.#end({ errors: message.payload });
      case "complete":
        return this.#end(null);
      default:
        return undefined;
    }
  }

  #send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  #deliver(result) {
    const resolve = this.#waiting.shift();
    if (resolve) resolve({ done: false, value: result });
    else this.#results.push(result);
  }

  #end(lastResult) {
    if (this.#ended) return;
    this.#ended = true;
    if (lastResult) this.#deliver(lastResult);
    for (const resolve of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
    this.#socket.close(1000);
  }
}

/** A close frame as a result, so that the answer pane shows it like any other error. */
function describeClose(code, reason) {
  const facts = [code, reason].filter(Boolean).join(" ");
  const message = REFUSED.has(code)
    ? `The server refused the live connection (${facts}). Is the API key in the Headers tab right?`
    : `The live connection ended (${facts}). Press play to subscribe again, ` +
      "or resume after the last cursor you saw.";
  return { errors: [{ message, extensions: { closeCode: code } }] };
}
