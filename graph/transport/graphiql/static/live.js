/**
 * Subscriptions over graphql-transport-ws. Each has its own socket and sends the headers tab as the
 * connection_init payload.
 *
 * GraphiQL's own client retries a refused key (4403) five times, and shows no error for most of a
 * minute. This client shows at once why a stream ended.
 */

const REFUSED = new Set([4401, 4403]);

/** Creates `(params, headers) => AsyncIterator` of execution results for a GraphQL endpoint. */
export function createLiveFetcher(endpoint) {
  const address = new URL(endpoint);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return (params, headers) => new LiveStream(address.href, params, headers ?? {});
}

/**
 * Iterates over the results of one subscription. GraphiQL stops a stream by calling `return()`, which
 * an async generator would handle only after the next event.
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

/** Converts a close frame to an error result, which the response pane shows. */
function describeClose(code, reason) {
  const details = [code, reason].filter(Boolean).join(" ");
  const message = REFUSED.has(code)
    ? `The server refused the live connection (${details}). Is the API key in the Headers tab right?`
    : `The live connection ended (${details}). Press play to subscribe again, ` +
      "or resume after the last cursor you saw.";
  return { errors: [{ message, extensions: { closeCode: code } }] };
}
