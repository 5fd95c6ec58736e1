/**
 * Renders GraphiQL with example tabs, the API key in the headers tab, and live subscriptions.
 * React, ReactDOM, GraphiQL and GraphiQLPluginExplorer are globals of the vendored scripts.
 */
import { VariableFiller } from "./examples.js";
import { createHeaders, readFragment, takeKeyFromAddress } from "./key.js";
import { createLiveFetcher } from "./live.js";
import { adoptKey, alignEditors, findKey, keepsHeaders, openStorage } from "./storage.js";
import { KeyKeeper, RestoreButton } from "./widgets.js";

const { createElement } = React;

const endpoint = new URL(location.pathname, location.origin);
const examples = JSON.parse(document.getElementById("wagraph-examples").textContent);
const storage = openStorage(endpoint);

function createFetcher() {
  const fetchOnce = GraphiQL.createFetcher({
    url: endpoint.href,
    headers: { accept: "application/graphql-response+json, application/json" },
    enableIncrementalDelivery: false,
  });
  const subscribe = createLiveFetcher(endpoint);
  return (params, options) => {
    const operation = findOperation(params);
    const request = operation ? { ...params, operationName: operation.name?.value } : params;
    return operation?.operation === "subscription"
      ? subscribe(request, options?.headers)
      : fetchOnce(request, options);
  };
}

/**
 * Returns the operation to run, or undefined if the query is invalid; the server then reports the
 * error. `operationName` may be outdated: GraphiQL updates it 0.1 s after a change of the query.
 */
function findOperation({ query, operationName }) {
  const { GraphQLError, parse } = GraphiQL.GraphQL;
  try {
    const operations = parse(query).definitions.filter(({ operation }) => operation);
    const named = operations.find(({ name }) => name && name.value === operationName);
    return named ?? (operations.length === 1 ? operations[0] : undefined);
  } catch (error) {
    if (error instanceof GraphQLError) return undefined;
    throw error;
  }
}

function createProps(session) {
  const defaultHeaders = createHeaders(session.key);
  return {
    fetcher: createFetcher(),
    storage,
    defaultTabs: examples.map((example) => ({ ...example, headers: defaultHeaders })),
    defaultHeaders,
    shouldPersistHeaders: keepsHeaders(storage),
    showPersistHeadersSettings: true,
    // Without a key, show the headers tab, where the user enters the key.
    defaultEditorToolsVisibility: session.key ? "variables" : "headers",
    inputValueDeprecation: true,
    plugins: [GraphiQLPluginExplorer.explorerPlugin()],
    toolbar: {
      additionalContent: [
        createElement(RestoreButton, { key: "restore", session, storage }),
        createElement(KeyKeeper, { key: "keeper", session }),
        createElement(VariableFiller, { key: "filler", endpoint, session }),
      ],
    },
  };
}

function openPage() {
  const newKey = takeKeyFromAddress();
  if (newKey) adoptKey(storage, newKey);
  const session = { key: newKey ?? findKey(storage) };
  alignEditors(storage, { firstExample: examples[0], key: session.key });

  const name = createElement("span", { className: "wagraph-logo" }, "wagraph");
  const logo = createElement(GraphiQL.Logo, null, name);
  const root = ReactDOM.createRoot(document.getElementById("graphiql"));
  root.render(createElement(GraphiQL, createProps(session), logo));
}

// A link with another key changes only the fragment, so the browser does not reload an open page.
addEventListener("hashchange", () => readFragment(location.hash) !== null && location.reload());
openPage();
