export { createApollo, type ApolloOptions } from "./client.js";
export { applyEvent, placeConversation, placeMessage, placeTimelineItem, removePending, type LiveEvent, type StaleLists } from "./events.js";
export { parseArguments, placeItem, type IsMember, type ListField } from "./lists.js";
export { keepCacheUp, type LiveOptions } from "./live.js";
export { isPending, makePendingId } from "./order.js";
export { createTypePolicies } from "./policies.js";
export { repeatOnline } from "./reconnect.js";
export { settleRequests } from "./requests.js";
export { sendMessage, type Outgoing } from "./send.js";
