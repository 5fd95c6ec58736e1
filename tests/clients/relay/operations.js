// Compiled against schema.graphql by relay.test.mjs.

import { graphql } from "relay-runtime";

export const query = graphql`
  query operationsInboxQuery($first: Int!, $after: String) {
    ...operationsInbox @arguments(first: $first, after: $after)
  }
`;

export const inbox = graphql`
  fragment operationsInbox on Query
  @argumentDefinitions(first: { type: "Int!" }, after: { type: "String" })
  @refetchable(queryName: "operationsInboxPageQuery") {
    conversations(first: $first, after: $after) @connection(key: "Inbox_conversations") {
      edges { node { id unreadCount contact { profileName } ...operationsConversation } }
    }
  }
`;

export const conversation = graphql`
  fragment operationsConversation on Conversation @refetchable(queryName: "operationsConversationQuery") {
    status
    lastMessage { text content { ... on TextContent { body } } }
  }
`;

export const send = graphql`
  mutation operationsSendMutation($input: SendMessageInput!) {
    sendMessage(input: $input) {
      message { id text status }
      userErrors { code message field }
    }
  }
`;

export const live = graphql`
  subscription operationsLiveSubscription($after: String) {
    events(after: $after) {
      cursor
      __typename
      ... on MessageAdded { message { id text } }
    }
  }
`;

export const upload = graphql`
  mutation operationsUploadMutation($accountId: ID!, $file: Upload!) {
    uploadMedia(input: { accountId: $accountId, file: $file }) {
      upload { id kind filename sizeBytes }
      userErrors { code message field }
    }
  }
`;
