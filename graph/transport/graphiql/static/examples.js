/**
 * Replaces placeholders in the variables of the example tabs with ids that the API key may read.
 */
import { createHeaders } from "./key.js";

const { useEffect } = React;
const { useEditorContext, useSchemaContext } = GraphiQL.React;

const IDS = `{
  eventCursor
  accounts(first: 1) { edges { node { id } } }
  conversations(first: 1) { edges { node {
    id
    messages(first: 1, filter: { direction: INBOUND }) { edges { node { id } } }
  } } }
}`;
const TEMPLATES = `query ($accountId: ID!) {
  templates(accountId: $accountId, filter: { search: "order_shipped" }) {
    edges { node { id language } }
  }
}`;
const PLACEHOLDER = /<(?:an id|the id|the cursor) [^>]*>/;

/** Replaces a tab's placeholders when it is shown, and when a new key has loaded the schema. */
export function VariableFiller({ endpoint, session }) {
  const { variableEditor, activeTabIndex } = useEditorContext();
  const { schema } = useSchemaContext();

  useEffect(() => {
    const text = variableEditor?.getValue() ?? "";
    if (!session.key || !PLACEHOLDER.test(text)) return undefined;
    let isShown = true;
    loadValues(endpoint, session.key).then((values) => {
      if (isShown && variableEditor.getValue() === text) {
        variableEditor.setValue(fillVariables(text, values));
      }
    });
    return () => {
      isShown = false;
    };
  }, [variableEditor, activeTabIndex, schema, endpoint, session]);

  return null;
}

/** Replaces the placeholders that have a value. */
function fillVariables(text, values) {
  return Object.entries(values).reduce(
    (filled, [placeholder, value]) => (value ? filled.replaceAll(placeholder, value) : filled),
    text,
  );
}

async function loadValues(endpoint, key) {
  const data = await query(endpoint, key, IDS);
  const account = getFirst(data?.accounts);
  const conversation = getFirst(data?.conversations);
  const templates = account && (await query(endpoint, key, TEMPLATES, { accountId: account.id }));
  const shipped = templates?.templates.edges.find(({ node }) => node.language === "en_US");
  return {
    "<an id from the Inbox tab>": conversation?.id,
    "<an id from the History tab>": getFirst(conversation?.messages)?.id,
    "<an id from the Accounts tab>": account?.id,
    "<the id of order_shipped (en_US) from the Templates tab>": shipped?.node.id,
    "<the cursor of a live event>": data?.eventCursor,
  };
}

const getFirst = (connection) => connection?.edges[0]?.node;

/** Returns the data of a query, or undefined if it fails. The placeholders then remain as a hint. */
async function query(endpoint, key, text, variables) {
  const headers = { ...JSON.parse(createHeaders(key)), "content-type": "application/json" };
  const body = JSON.stringify({ query: text, variables });
  try {
    const response = await fetch(endpoint, { method: "POST", headers, body });
    return (await response.json()).data ?? undefined;
  } catch {
    return undefined;
  }
}
