import type { Client } from "graphql-ws";
import relay, { type FetchFunction, type SubscribeFunction } from "relay-runtime";
import { follow, type GetToken } from "@wagraph/client";
import { makeForm } from "@wagraph/client";

export function createRelay(url: string, getToken: GetToken, live: Client) {
  const fetchOperation: FetchFunction = async ({ text }, variables, _, uploadables) => {
    const headers: Record<string, string> = {
      Authorization: `Bearer ${await getToken()}`,
      Accept: "application/graphql-response+json, application/json;q=0.9",
      "GraphQL-Require-Preflight": "1",
    };
    let body: BodyInit = JSON.stringify({ query: text, variables });
    // For uploads pass `uploadables: { file }` to commitMutation, and `file: null` in the variables.
    if (uploadables) body = makeForm(text!, { ...variables, ...uploadables });
    else headers["Content-Type"] = "application/json";
    const answer = await fetch(url, { method: "POST", headers, body });
    return answer.json();
  };
  const subscribe: SubscribeFunction = ({ text }, variables) =>
    relay.Observable.create((sink) => follow(live, { query: text!, variables }, sink));
  return new relay.Environment({
    network: relay.Network.create(fetchOperation, subscribe),
    store: new relay.Store(new relay.RecordSource()),
  });
}
