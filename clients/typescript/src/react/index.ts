export { useConversation, type ConversationItem, type ConversationView } from "./conversation.js";
export { useCounts } from "./counts.js";
export { useInbox, type InboxRow, type InboxView } from "./inbox.js";
export { LiveProvider, useLiveEvents, useLiveStatus, type LiveProviderProps, type LiveStatus } from "./live.js";
export { usePresence } from "./presence.js";
export { useRetry } from "./retry.js";
export { useSend, type Send, type SendOptions } from "./send.js";
export { useTemplateForm, type FormTemplate, type TemplateFormView } from "./template_form.js";
