"""The GraphQL requests that create the demo shop."""

CREATE_ACCOUNT = """
mutation CreateAccount($input: CreateAccountInput!) {
  createAccount(input: $input) { account { id } userErrors { code message } }
}
"""
CHECK_ACCOUNT = """
mutation CheckAccount($input: CheckAccountInput!) {
  checkAccount(input: $input) { account { id } userErrors { code message } }
}
"""
CREATE_AGENT = """
mutation CreateAgent($name: String!) {
  createApiKey(input: { name: $name, role: AGENT }) {
    token apiKey { agent { id } } userErrors { code message }
  }
}
"""
CREATE_QUICK_REPLY = """
mutation CreateQuickReply($input: CreateQuickReplyInput!) {
  createQuickReply(input: $input) { quickReply { id } userErrors { code message } }
}
"""
UPLOAD = """
mutation Upload($accountId: ID!, $file: Upload!) {
  uploadMedia(input: { accountId: $accountId, file: $file }) {
    upload { id } userErrors { code message }
  }
}
"""
SEND = """
mutation Send($to: ID!, $content: MessageContentInput!) {
  sendMessage(input: { to: { conversationId: $to }, content: $content }) {
    message { id } userErrors { code message }
  }
}
"""
ASSIGN = """
mutation Assign($id: ID!, $agentId: ID) {
  assignConversation(input: { conversationId: $id, assigneeId: $agentId }) {
    conversation { id } userErrors { code message }
  }
}
"""
ADD_TAGS = """
mutation AddTags($id: ID!, $tags: [String!]!) {
  addTags(input: { taggableId: $id, tags: $tags }) {
    taggable { __typename } userErrors { code message }
  }
}
"""
ADD_NOTE = """
mutation AddNote($id: ID!, $body: String!) {
  addNote(input: { conversationId: $id, body: $body }) { note { id } userErrors { code message } }
}
"""
MARK_READ = """
mutation MarkRead($id: ID!) {
  markConversationRead(input: { conversationId: $id }) {
    conversation { id } userErrors { code message }
  }
}
"""
CLOSE = """
mutation Close($id: ID!) {
  closeConversation(input: { conversationId: $id }) {
    conversation { id } userErrors { code message }
  }
}
"""
FIND_CONVERSATION = """
query FindConversation($phone: String!) {
  contacts(first: 1, search: $phone) {
    nodes { conversation { id messages(first: 10) { nodes { whatsappId } } } }
  }
}
"""
FIND_MESSAGE = """
query FindMessage($id: ID!) { node(id: $id) { ... on Message { whatsappId } } }
"""
FIND_VIEWER = "query FindViewer { viewer { agent { id } } }"
QUICK_REPLIES = {
    "opening": "We are open Monday to Friday from 9 am to 7 pm, and on Saturday from 10 to 6.",
    "delivery": "We deliver every day until 6 pm. Orders before noon arrive on the same day.",
    "returns": "You can return unworn pairs within *30 days*. Please bring the receipt.",
    "care": "Brush off the dirt, let the leather dry, and wax it. _Never_ dry it on a heater.",
    "thanks": "Thank you for your message! Is there anything else we can do for you?",
}
