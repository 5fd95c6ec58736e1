/** Why something was refused or failed. */
export const refusals = {
  forbidden: "You are not allowed to do this.",
  rateLimited: "Too much at once. Wait a moment, and try again.",
  unavailable: "The server is busy. Try again in a moment.",

  // What WhatsApp's error codes mean
  whatsapp: {
    undeliverable: "This person can't be reached on WhatsApp, or uses an old version of it.",
    closedWindow: "The customer last wrote more than 24 hours ago. Send a template.",
    marketingLimit: "WhatsApp limits the marketing messages that this customer gets. Try again a day later.",
    marketingRefused: "The customer does not want marketing messages.",
    experiment: "WhatsApp holds marketing messages back from this customer for an experiment.",
    pairLimit: "Too many messages to this customer. Wait a moment.",
    rateLimit: "This number sends too much at once. Wait a moment.",
    spamLimit: "WhatsApp restricts this number, because customers blocked or reported it.",
    locked: "WhatsApp has locked the business account.",
    payment: "The payment method of the business account does not work.",
    unregistered: "The number is not registered with WhatsApp.",
    displayName: "WhatsApp has not approved the number's display name yet.",
    file: "WhatsApp can't use the file. Check its type and size.",
    kind: "WhatsApp does not support this kind of message.",
    passing: "WhatsApp has a temporary problem. Try again in a moment.",
    blockList: "The number's block list is full. Unblock another contact first.",
    token: "WhatsApp no longer accepts the access token. An administrator can enter a new one.",
    permission: "The access token lacks a permission.",
    self: "A number can't write to itself.",
    country: "WhatsApp does not deliver messages of this business to that country.",
    templateMissing: "WhatsApp does not know this template in this language.",
    templateFields: "The values don't fit the template.",
    templateLong: "The template is too long with these values.",
    templatePolicy: "The template violates a policy of WhatsApp.",
    templatePaused: "WhatsApp has paused the template, because customers blocked or reported it.",
    templateDisabled: "WhatsApp has disabled the template.",
  },
};

export type Refusals = typeof refusals;
