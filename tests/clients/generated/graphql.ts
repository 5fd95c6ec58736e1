// Written by `npm run generate`.
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** What is looked at when an account is checked. */
export type AccountCheckName =
  /** Whether WhatsApp takes the access token. */
  | 'TOKEN'
  /** Whether the number exists and is registered with the Cloud API. */
  | 'PHONE_NUMBER'
  /** Whether the number belongs to the business account. */
  | 'BUSINESS_ACCOUNT'
  /** Whether a Meta app gets the business account's webhooks. */
  | 'WEBHOOK_SUBSCRIPTION'
  /** Whether messages are posted to this server. */
  | 'WEBHOOK_URL'
  /** Whether webhooks can be verified: the secret is there, and is that of the access token's app. */
  | 'APP_SECRET';

/** Whether an account can send. */
export type AccountHealthState =
  /** Messages are sent. */
  | 'OK'
  /** WhatsApp refused the account; its messages wait until that is mended. */
  | 'STOPPED';

/** A sound of at most 16 MB, aac, amr, mp3, m4a or ogg with Opus: a link, an upload or a file. */
export type AudioInput = {
  /** An http(s) URL that WhatsApp fetches it from. */
  link?: string | null | undefined;
  /** A file of `uploadMedia`, of the same account. */
  uploadId?: string | null | undefined;
  /** The file itself, in a multipart request. */
  file?: Blob | null | undefined;
  /** Whether it is shown as a voice message; ogg with Opus only. */
  voice?: boolean | null | undefined;
};

/** What somebody did. */
export type AuditAction =
  /** Connected an account. */
  | 'ACCOUNT_CREATED'
  /** Changed an account. */
  | 'ACCOUNT_UPDATED'
  /** Changed which number or business account an account stands for. */
  | 'ACCOUNT_MOVED'
  /** Enabled an account. */
  | 'ACCOUNT_ENABLED'
  /** Disabled an account. */
  | 'ACCOUNT_DISABLED'
  /** Deleted an account with all its data. */
  | 'ACCOUNT_DELETED'
  /** Had an account's credentials checked. */
  | 'ACCOUNT_CHECKED'
  /** Had WhatsApp send an account's webhooks here. */
  | 'WEBHOOKS_SUBSCRIBED'
  /** Had WhatsApp send an account's webhooks no more. */
  | 'WEBHOOKS_UNSUBSCRIBED'
  /** Had an account's templates read from WhatsApp. */
  | 'TEMPLATES_SYNCED'
  /** Made an API key. */
  | 'API_KEY_CREATED'
  /** Ended an API key. */
  | 'API_KEY_REVOKED'
  /** Encrypted all credentials under the newest key. */
  | 'ENCRYPTION_KEYS_ROTATED'
  /** Had parked items applied. */
  | 'PARKED_ITEMS_REPLAYED'
  /** Discarded parked items. */
  | 'PARKED_ITEMS_DISCARDED'
  /** Changed a contact. */
  | 'CONTACT_UPDATED'
  /** Said which user a contact is. */
  | 'CONTACT_LINKED'
  /** Took the user from a contact. */
  | 'CONTACT_UNLINKED'
  /** Blocked a contact. */
  | 'CONTACT_BLOCKED'
  /** Unblocked a contact. */
  | 'CONTACT_UNBLOCKED'
  /** Erased a contact with all that was said. */
  | 'CONTACT_DELETED'
  /** Merged a contact into another one. */
  | 'CONTACTS_MERGED'
  /** Made a user. */
  | 'USER_CREATED'
  /** Changed a user. */
  | 'USER_UPDATED';

/** What came of an act. */
export type AuditOutcome =
  /** It was begun, and nothing more is known: it may have been done. */
  | 'STARTED'
  /** It was done. */
  | 'DONE'
  /** It was refused; `refusal` says why. */
  | 'REFUSED'
  /** An error ended it, or an outage; the log has it under the request's id. */
  | 'FAILED';

/** A postal address on a contact card. */
export type ContactAddressInput = {
  /** Street and house. */
  street?: string | null | undefined;
  /** City. */
  city?: string | null | undefined;
  /** State or province. */
  state?: string | null | undefined;
  /** Postal code. */
  zip?: string | null | undefined;
  /** Country. */
  country?: string | null | undefined;
  /** The country's two letters, by ISO 3166. */
  countryCode?: string | null | undefined;
  /** What it is for: HOME, WORK and so on. */
  type?: string | null | undefined;
};

/** A contact card. Texts have at most 500 characters, URLs 2000. */
export type ContactCardInput = {
  /** The name. */
  name: ContactNameInput;
  /** Phone numbers: at most 50. */
  phones?: Array<ContactPhoneInput> | null | undefined;
  /** E-mail addresses: at most 50. */
  emails?: Array<ContactEmailInput> | null | undefined;
  /** Web pages: at most 50. */
  urls?: Array<ContactUrlInput> | null | undefined;
  /** Postal addresses: at most 50. */
  addresses?: Array<ContactAddressInput> | null | undefined;
  /** Where they work. */
  org?: ContactOrganizationInput | null | undefined;
  /** The birthday as YYYY-MM-DD. */
  birthday?: string | null | undefined;
};

/** An e-mail address on a contact card. */
export type ContactEmailInput = {
  /** The address. */
  email: string;
  /** What it is for: HOME, WORK and so on. */
  type?: string | null | undefined;
};

/** The name on a contact card. */
export type ContactNameInput = {
  /** The full name, as the card shows it. */
  formattedName: string;
  /** First name. */
  firstName?: string | null | undefined;
  /** Last name. */
  lastName?: string | null | undefined;
  /** Middle name. */
  middleName?: string | null | undefined;
  /** What precedes it: Dr. */
  prefix?: string | null | undefined;
  /** What follows it: Jr. */
  suffix?: string | null | undefined;
};

/** Where somebody on a contact card works. */
export type ContactOrganizationInput = {
  /** The company. */
  company?: string | null | undefined;
  /** The department. */
  department?: string | null | undefined;
  /** What they do there. */
  title?: string | null | undefined;
};

/** A phone number on a contact card. */
export type ContactPhoneInput = {
  /** The number as the card shows it. */
  phone: string;
  /** What it is for: CELL, HOME, WORK and so on. */
  type?: string | null | undefined;
  /** Digits of the number at WhatsApp: with it the card has a button to write. */
  waId?: string | null | undefined;
};

/** A web page on a contact card. */
export type ContactUrlInput = {
  /** The address of the page. */
  url: string;
  /** What it is for: HOME, WORK and so on. */
  type?: string | null | undefined;
};

/** Whether a conversation needs attention. */
export type ConversationStatus =
  /** Being worked on; a message of the customer opens it again. */
  | 'OPEN'
  /** Done. */
  | 'CLOSED';

/** A WhatsApp Business number to connect. */
export type CreateAccountInput = {
  /** What your staff call it. */
  name: string;
  /** WhatsApp's id of the phone number. */
  phoneNumberId: string;
  /** WhatsApp's id of the business account (WABA). */
  businessAccountId: string;
  /** A lasting access token that may send for the number; kept encrypted. */
  accessToken: string;
  /** Secret of the Meta app that posts its webhooks; without it, the server's default. Kept encrypted. */
  appSecret?: string | null | undefined;
  /** The token that Meta shows when it verifies the webhook, of 12 to 256 characters; without it, one is made. Kept encrypted. */
  verifyToken?: string | null | undefined;
  /** Version of Meta's Graph API, such as v25.0; without it, the server's. */
  graphApiVersion?: string | null | undefined;
};

/** A new user. */
export type CreateUserInput = {
  /** Their name: at most 200 characters. */
  name?: string | null | undefined;
  /** Their phone number with its country code; no two users that you see share it. */
  phone?: string | null | undefined;
  /** Their e-mail address. */
  email?: string | null | undefined;
  /** Your own application's id of them; no two users that you see share it. */
  externalId?: string | null | undefined;
  /** Whatever else you want to keep: a JSON object of at most 16 KiB. */
  attributes?: unknown;
};

/** With what somebody acts. */
export type CredentialKind =
  /** An API key. */
  | 'API_KEY'
  /** A token of your identity provider. */
  | 'JWT'
  /** `manage.py`, on the server itself. */
  | 'OPERATOR';

/** A file of at most 100 MB, of any type but a picture, audio or video that can't be sent as such: a link, an upload or a file. */
export type DocumentInput = {
  /** An http(s) URL that WhatsApp fetches it from. */
  link?: string | null | undefined;
  /** A file of `uploadMedia`, of the same account. */
  uploadId?: string | null | undefined;
  /** The file itself, in a multipart request. */
  file?: Blob | null | undefined;
  /** The text below it: at most 1024 characters. */
  caption?: string | null | undefined;
  /** The name it is shown under: at most 240 characters; left out, the upload's. */
  filename?: string | null | undefined;
};

/** What opens a WhatsApp Flow. */
export type FlowAction =
  /** The given screen, with the given data. */
  | 'NAVIGATE'
  /** Your endpoint says what is shown. */
  | 'DATA_EXCHANGE';

/** Which state a WhatsApp Flow is in. */
export type FlowMode =
  /** It is still being made: for trying it out. */
  | 'DRAFT'
  /** It is published. */
  | 'PUBLISHED';

/** A document above the text. */
export type HeaderDocumentInput = {
  /** Where WhatsApp fetches the file: https:// or http://, at most 2000 characters. */
  link: string;
  /** The name that the customer sees: at most 240 characters. */
  filename?: string | null | undefined;
};

/** A picture or video above the text. */
export type HeaderMediaInput = {
  /** Where WhatsApp fetches the file: https:// or http://, at most 2000 characters. */
  link: string;
};

/** A jpeg or png picture of at most 5 MB: a link, an upload or a file. */
export type ImageInput = {
  /** An http(s) URL that WhatsApp fetches it from. */
  link?: string | null | undefined;
  /** A file of `uploadMedia`, of the same account. */
  uploadId?: string | null | undefined;
  /** The file itself, in a multipart request. */
  file?: Blob | null | undefined;
  /** The text below it: at most 1024 characters. */
  caption?: string | null | undefined;
};

/** A message with reply buttons. */
export type InteractiveButtonsInput = {
  /** What stands above the text. */
  header?: InteractiveHeaderInput | null | undefined;
  /** The text: 1 to 1024 characters. */
  body: string;
  /** Small print below it: at most 60 characters. */
  footer?: string | null | undefined;
  /** 1 to 3 buttons with different ids and titles. */
  buttons: Array<ReplyButtonInput>;
};

/** A message with a button to share the own phone number. */
export type InteractiveContactRequestInput = {
  /** The text: 1 to 1024 characters. */
  body: string;
};

/** A message with a button that opens a web page. */
export type InteractiveCtaUrlInput = {
  /** What stands above the text. */
  header?: InteractiveHeaderInput | null | undefined;
  /** The text: 1 to 1024 characters. */
  body: string;
  /** Small print below it: at most 60 characters. */
  footer?: string | null | undefined;
  /** The words on it: 1 to 20 characters. */
  displayText: string;
  /** The page: https:// or http://, at most 2000 characters. */
  url: string;
};

/** A message with a button that opens a WhatsApp Flow. */
export type InteractiveFlowInput = {
  /** What stands above the text. */
  header?: InteractiveHeaderInput | null | undefined;
  /** The text: 1 to 1024 characters. */
  body: string;
  /** Small print below it: at most 60 characters. */
  footer?: string | null | undefined;
  /** Meta's id of the flow; either this or `flowName`. */
  flowId?: string | null | undefined;
  /** Name of the flow. */
  flowName?: string | null | undefined;
  /** The button label: 1 to 30 characters without emoji; WhatsApp advises 20. */
  cta: string;
  /** Your own text, which comes back with the answer: at most 1000 characters. */
  token?: string | null | undefined;
  /** Which state the flow is in. */
  mode?: FlowMode | null | undefined;
  /** What opens it. */
  action?: FlowAction | null | undefined;
  /** The first screen, for NAVIGATE; the flow's own if left out. */
  screen?: string | null | undefined;
  /** What the first screen starts with, for NAVIGATE: a JSON object of at most 16 KiB and 8 levels. */
  data?: unknown;
};

/** What stands above the text; exactly one. */
export type InteractiveHeaderInput =
  {   /** A text: 1 to 60 characters. */
  text: string; image?: never; video?: never; document?: never; }
  |  { text?: never;   /** A picture. */
  image: HeaderMediaInput; video?: never; document?: never; }
  |  { text?: never; image?: never;   /** A video. */
  video: HeaderMediaInput; document?: never; }
  |  { text?: never; image?: never; video?: never;   /** A document. */
  document: HeaderDocumentInput; };

/** A message that the customer can tap on; exactly one kind. */
export type InteractiveInput =
  {   /** Reply buttons. */
  buttons: InteractiveButtonsInput; list?: never; ctaUrl?: never; locationRequest?: never; contactRequest?: never; flow?: never; }
  |  { buttons?: never;   /** A list to choose from. */
  list: InteractiveListInput; ctaUrl?: never; locationRequest?: never; contactRequest?: never; flow?: never; }
  |  { buttons?: never; list?: never;   /** A button that opens a web page. */
  ctaUrl: InteractiveCtaUrlInput; locationRequest?: never; contactRequest?: never; flow?: never; }
  |  { buttons?: never; list?: never; ctaUrl?: never;   /** A request for the customer's location. */
  locationRequest: InteractiveLocationRequestInput; contactRequest?: never; flow?: never; }
  |  { buttons?: never; list?: never; ctaUrl?: never; locationRequest?: never;   /** A request for the customer's phone number. */
  contactRequest: InteractiveContactRequestInput; flow?: never; }
  |  { buttons?: never; list?: never; ctaUrl?: never; locationRequest?: never; contactRequest?: never;   /** A WhatsApp Flow. */
  flow: InteractiveFlowInput; };

/** A message with a list to choose from. */
export type InteractiveListInput = {
  /** What stands above the text: a text, for a list. */
  header?: InteractiveHeaderInput | null | undefined;
  /** The text: 1 to 4096 characters. */
  body: string;
  /** Small print below it: at most 60 characters. */
  footer?: string | null | undefined;
  /** The words on the button that opens the list: 1 to 20 characters. */
  button: string;
  /** 1 to 10 sections. */
  sections: Array<ListSectionInput>;
};

/** A message with a button to send a location. */
export type InteractiveLocationRequestInput = {
  /** The text: 1 to 1024 characters. */
  body: string;
};

/** One choice of a list. */
export type ListRowInput = {
  /** Your own id, which comes back as `replyId`: 1 to 200 characters. */
  id: string;
  /** The words: 1 to 24 characters. */
  title: string;
  /** Small print below them: at most 72 characters. */
  description?: string | null | undefined;
};

/** A part of a list. */
export type ListSectionInput = {
  /** Its title: 1 to 24 characters; needed where there are several sections. */
  title?: string | null | undefined;
  /** The choices: at most 10 in all sections together, with different ids. */
  rows: Array<ListRowInput>;
};

/** A place. */
export type LocationInput = {
  /** Degrees north: -90 to 90. */
  latitude: number;
  /** Degrees east: -180 to 180. */
  longitude: number;
  /** Name of the place: at most 1000 characters. */
  name?: string | null | undefined;
  /** Address of the place, shown below a name: at most 1000 characters. */
  address?: string | null | undefined;
};

/** Which kind of file a message brings. */
export type MediaKind =
  /** A picture. */
  | 'IMAGE'
  /** A video. */
  | 'VIDEO'
  /** A sound or a voice message. */
  | 'AUDIO'
  /** Any other file. */
  | 'DOCUMENT'
  /** A sticker. */
  | 'STICKER';

/** What to send; exactly one. */
export type MessageContentInput =
  {   /** A text. */
  text: TextInput; image?: never; video?: never; audio?: never; document?: never; sticker?: never; location?: never; contacts?: never; reaction?: never; interactive?: never; template?: never; }
  |  { text?: never;   /** A picture. */
  image: ImageInput; video?: never; audio?: never; document?: never; sticker?: never; location?: never; contacts?: never; reaction?: never; interactive?: never; template?: never; }
  |  { text?: never; image?: never;   /** A video. */
  video: VideoInput; audio?: never; document?: never; sticker?: never; location?: never; contacts?: never; reaction?: never; interactive?: never; template?: never; }
  |  { text?: never; image?: never; video?: never;   /** A sound or a voice message. */
  audio: AudioInput; document?: never; sticker?: never; location?: never; contacts?: never; reaction?: never; interactive?: never; template?: never; }
  |  { text?: never; image?: never; video?: never; audio?: never;   /** Any other file. */
  document: DocumentInput; sticker?: never; location?: never; contacts?: never; reaction?: never; interactive?: never; template?: never; }
  |  { text?: never; image?: never; video?: never; audio?: never; document?: never;   /** A sticker. */
  sticker: StickerInput; location?: never; contacts?: never; reaction?: never; interactive?: never; template?: never; }
  |  { text?: never; image?: never; video?: never; audio?: never; document?: never; sticker?: never;   /** A place. */
  location: LocationInput; contacts?: never; reaction?: never; interactive?: never; template?: never; }
  |  { text?: never; image?: never; video?: never; audio?: never; document?: never; sticker?: never; location?: never;   /** 1 to 257 contact cards. */
  contacts: Array<ContactCardInput>; reaction?: never; interactive?: never; template?: never; }
  |  { text?: never; image?: never; video?: never; audio?: never; document?: never; sticker?: never; location?: never; contacts?: never;   /** An emoji on a message. */
  reaction: ReactionInput; interactive?: never; template?: never; }
  |  { text?: never; image?: never; video?: never; audio?: never; document?: never; sticker?: never; location?: never; contacts?: never; reaction?: never;   /** Buttons, a list, a link, a request or a flow. */
  interactive: InteractiveInput; template?: never; }
  |  { text?: never; image?: never; video?: never; audio?: never; document?: never; sticker?: never; location?: never; contacts?: never; reaction?: never; interactive?: never;   /** A message template. */
  template: TemplateInput; };

/** Who wrote a message. */
export type MessageDirection =
  /** The customer wrote it. */
  | 'INBOUND'
  /** The business wrote it. */
  | 'OUTBOUND';

/** How far a message has come; it never goes back. */
export type MessageStatus =
  /** Inbound: it has arrived here. */
  | 'RECEIVED'
  /** Stored, and waiting for its turn in its conversation. */
  | 'QUEUED'
  /** Being handed to WhatsApp. */
  | 'SENDING'
  /** Handed to WhatsApp, but the answer was lost; it is not sent again by itself. */
  | 'UNKNOWN'
  /** WhatsApp took it. */
  | 'ACCEPTED'
  /** WhatsApp holds it back to assess its quality. */
  | 'HELD'
  /** WhatsApp sent it to the customer. */
  | 'SENT'
  /** It was not delivered; `errors` says why. */
  | 'FAILED'
  /** It is on the customer's device. */
  | 'DELIVERED'
  /** The customer has read it. */
  | 'READ'
  /** The customer has played the voice message. */
  | 'PLAYED'
  /** Taken back before it was sent. */
  | 'CANCELLED';

/** Why an item of a webhook couldn't be applied. */
export type ParkedReason =
  /** It is for a number that is not connected. */
  | 'UNKNOWN_ACCOUNT'
  /** Its account is disabled. */
  | 'ACCOUNT_DISABLED'
  /** It was signed with a secret that is not its account's. */
  | 'WRONG_SECRET'
  /** The body of the webhook is not readable JSON. */
  | 'INVALID_BODY'
  /** It does not have the form that WhatsApp describes. */
  | 'INVALID_ITEM'
  /** An error of this server; the log says which. */
  | 'INTERNAL_ERROR';

/** An emoji on a message. It is no message in the conversation: once WhatsApp took it, it is among the `reactions` of the message that it is about. */
export type ReactionInput = {
  /** The message of the same conversation, at most 30 days old. */
  messageId: string;
  /** Exactly one emoji; null or empty to take the reaction back. */
  emoji?: string | null | undefined;
};

/** To whom; exactly one. */
export type RecipientInput =
  {   /** A phone number with its country code; "+" and punctuation are optional. Needs `accountId`. */
  phoneNumber: string; businessScopedUserId?: never; contactId?: never; conversationId?: never; }
  |  { phoneNumber?: never;   /** WhatsApp's id of a person for your business; needs `accountId`. */
  businessScopedUserId: string; contactId?: never; conversationId?: never; }
  |  { phoneNumber?: never; businessScopedUserId?: never;   /** A contact. */
  contactId: string; conversationId?: never; }
  |  { phoneNumber?: never; businessScopedUserId?: never; contactId?: never;   /** A conversation. */
  conversationId: string; };

/** A button that answers for the customer. */
export type ReplyButtonInput = {
  /** Your own id, which comes back as `replyId`: 1 to 256 characters. */
  id: string;
  /** The words on it: 1 to 20 characters. */
  title: string;
};

/** What a credential may do: an ADMIN all that an AGENT may, an AGENT all that a VIEWER may. */
export type Role =
  /** Everything: accounts, API keys, parked items and erasure too. */
  | 'ADMIN'
  /** Reads, sends, and works on conversations, contacts and users. */
  | 'AGENT'
  /** Reads. */
  | 'VIEWER';

/** A message to send. */
export type SendMessageInput = {
  /** The account that sends; needed only with a phone number or a user id. */
  accountId?: string | null | undefined;
  /** To whom. */
  to: RecipientInput;
  /** What. */
  content: MessageContentInput;
  /** The message of the same conversation that it answers. */
  replyToMessageId?: string | null | undefined;
  /** A key of your own: sent again with it, a message is not sent twice. At most 255 characters. */
  idempotencyKey?: string | null | undefined;
};

/** A webp picture of 512 x 512 pixels, at most 100 KB, animated 500 KB: a link, an upload or a file. */
export type StickerInput = {
  /** An http(s) URL that WhatsApp fetches it from. */
  link?: string | null | undefined;
  /** A file of `uploadMedia`, of the same account. */
  uploadId?: string | null | undefined;
  /** The file itself, in a multipart request. */
  file?: Blob | null | undefined;
};

/** The value of one variable: exactly one of `text`, `currency` and `dateTime`. */
export type TemplateBodyParameterInput = {
  /** Name of the variable, where variables have names. */
  name?: string | null | undefined;
  /** A text of one line, without tabs or more than 4 blanks in a row. */
  text?: string | null | undefined;
  /** An amount of money. */
  currency?: TemplateCurrencyInput | null | undefined;
  /** A date and time. */
  dateTime?: TemplateDateTimeInput | null | undefined;
};

/** What one button needs: exactly one of the fields besides `index`, the one that belongs to the button's type. */
export type TemplateButtonParameterInput = {
  /** Which button of the template, counted from 0. */
  index: number;
  /** URL: what stands in place of the variable at its end. */
  urlSuffix?: string | null | undefined;
  /** QUICK_REPLY: your own text, which comes back as `replyId`; 256 characters. */
  payload?: string | null | undefined;
  /** COPY_CODE: the code to copy; 15 characters. */
  couponCode?: string | null | undefined;
  /** FLOW: what it begins with. */
  flow?: TemplateFlowInput | null | undefined;
  /** CATALOG: the product whose picture is shown. */
  thumbnailProductRetailerId?: string | null | undefined;
};

/** A calendar that WhatsApp knows. */
export type TemplateCalendar =
  /** The Gregorian one. */
  | 'GREGORIAN'
  /** The Iranian one. */
  | 'SOLAR_HIJRI';

/** What one card of a carousel template is filled in with. */
export type TemplateCardInput = {
  /** Its picture or video. */
  header?: TemplateHeaderInput | null | undefined;
  /** The variables of its text, in their order. */
  body?: Array<TemplateBodyParameterInput> | null | undefined;
  /** What its buttons need. */
  buttons?: Array<TemplateButtonParameterInput> | null | undefined;
};

/** An amount of money, written as the customer's phone writes it. */
export type TemplateCurrencyInput = {
  /** ISO 4217 code, such as EUR. */
  code: string;
  /** The amount, such as "12.50"; at most three decimals. */
  amount: string;
  /** The text where it can't be written so; previews and histories show it. */
  fallbackValue: string;
};

/** A date and time, written as the customer's phone writes it. */
export type TemplateDateTimeInput = {
  /** The text where it can't be written so; previews and histories show it. */
  fallbackValue: string;
  /** The calendar of the year, month and day. */
  calendar?: TemplateCalendar | null | undefined;
  /** The year. */
  year?: number | null | undefined;
  /** The month, 1 to 12. */
  month?: number | null | undefined;
  /** The day, 1 to 31. */
  dayOfMonth?: number | null | undefined;
  /** The day of the week, 1 for Monday to 7. */
  dayOfWeek?: number | null | undefined;
  /** The hour, 0 to 23. */
  hour?: number | null | undefined;
  /** The minute, 0 to 59. */
  minute?: number | null | undefined;
};

/** The document of a header: a link or an upload. */
export type TemplateDocumentInput = {
  /** An http(s) URL that WhatsApp fetches it from. */
  link?: string | null | undefined;
  /** A file of `uploadMedia`, of the same account. */
  uploadId?: string | null | undefined;
  /** The name that the customer sees. */
  filename?: string | null | undefined;
};

/** What a flow begins with. */
export type TemplateFlowInput = {
  /** Your own text, which comes back with the answer. */
  token?: string | null | undefined;
  /** What the first screen starts with: a JSON object. */
  data?: unknown;
};

/** The header of a template; exactly one. */
export type TemplateHeaderInput =
  {   /** The value of its variable. */
  text: string; image?: never; video?: never; document?: never; location?: never; }
  |  { text?: never;   /** A picture: JPEG or PNG. */
  image: TemplateMediaInput; video?: never; document?: never; location?: never; }
  |  { text?: never; image?: never;   /** A video: MP4 or 3GPP. */
  video: TemplateMediaInput; document?: never; location?: never; }
  |  { text?: never; image?: never; video?: never;   /** A document. */
  document: TemplateDocumentInput; location?: never; }
  |  { text?: never; image?: never; video?: never; document?: never;   /** A place. */
  location: TemplateLocationInput; };

/** A message template: by `templateId`, or by `name` and `language`. It may be sent outside the service window, and does not open it. */
export type TemplateInput = {
  /** The template, one of the account that sends. */
  templateId?: string | null | undefined;
  /** Name of the template. */
  name?: string | null | undefined;
  /** Its language, such as en_US. */
  language?: string | null | undefined;
  /** What it is filled in with. */
  parameters?: TemplateParametersInput | null | undefined;
};

/** The place of a header. */
export type TemplateLocationInput = {
  /** Degrees north. */
  latitude: number;
  /** Degrees east. */
  longitude: number;
  /** Name of the place. */
  name: string;
  /** Address of the place. */
  address: string;
};

/** The file of a header: a link or an upload; in a card, a link. */
export type TemplateMediaInput = {
  /** An http(s) URL that WhatsApp fetches it from. */
  link?: string | null | undefined;
  /** A file of `uploadMedia`, of the same account. */
  uploadId?: string | null | undefined;
};

/** What is to be given for a parameter of a template. */
export type TemplateParameterKind =
  /** The value of a variable: `text`, `currency` or `dateTime`. */
  | 'TEXT'
  /** A picture. */
  | 'IMAGE'
  /** A video. */
  | 'VIDEO'
  /** A document. */
  | 'DOCUMENT'
  /** A place. */
  | 'LOCATION'
  /** The end of the button's address: `urlSuffix`. */
  | 'URL_SUFFIX'
  /** A text of yours that comes back when the button is pressed: `payload`. */
  | 'PAYLOAD'
  /** The code that the button copies: `couponCode`. */
  | 'COUPON_CODE'
  /** What a flow begins with: `flow`. */
  | 'FLOW'
  /** The product whose picture is shown: `thumbnailProductRetailerId`. */
  | 'CATALOG'
  /** When the offer ends: `offerExpiresAt`. */
  | 'EXPIRES_AT'
  /** Something that this server has no input for: the template can't be sent here. */
  | 'OTHER';

/** Where in `TemplateParametersInput` a parameter belongs. */
export type TemplateParameterPlace =
  /** `header`. */
  | 'HEADER'
  /** `body`. */
  | 'BODY'
  /** `buttons`. */
  | 'BUTTON'
  /** `offerExpiresAt`. */
  | 'LIMITED_TIME_OFFER';

/** What a template is filled in with; `Template.parameters` lists what it needs. */
export type TemplateParametersInput = {
  /** The header: its variable, file or place. */
  header?: TemplateHeaderInput | null | undefined;
  /** The variables of the text; where they have numbers, in order. */
  body?: Array<TemplateBodyParameterInput> | null | undefined;
  /** What the buttons need; those that need nothing are left out. */
  buttons?: Array<TemplateButtonParameterInput> | null | undefined;
  /** The cards of a carousel, in their order. */
  cards?: Array<TemplateCardInput> | null | undefined;
  /** When a limited-time offer ends. */
  offerExpiresAt?: string | null | undefined;
};

/** A text. */
export type TextInput = {
  /** The text: 1 to 4096 characters. */
  body: string;
  /** Whether WhatsApp shows a preview of the first link. */
  previewUrl?: boolean | null | undefined;
};

/** What to change of a contact; absent fields stay as they are. */
export type UpdateContactInput = {
  /** The contact. */
  contactId: string;
  /** The name your staff give them, at most 200 characters; null clears it. */
  name?: string | null | undefined;
  /** All their labels from now on: at most 50 of 64 characters. */
  tags?: Array<string> | null | undefined;
  /** A JSON object of at most 16 KiB that replaces the one before. */
  attributes?: unknown;
  /** Whether they want no marketing messages. */
  marketingOptOut?: boolean | null | undefined;
};

/** Why something was refused. */
export type UserErrorCode =
  /** It does not exist, or you may not see it. */
  | 'NOT_FOUND'
  /** A value does not have the right form; `field` says which. */
  | 'INVALID_INPUT'
  /** The account is disabled. */
  | 'ACCOUNT_DISABLED'
  /** WhatsApp stopped the account; its `health` says why. */
  | 'ACCOUNT_STOPPED'
  /** The customer service window is closed: only a template may be sent. */
  | 'WINDOW_CLOSED'
  /** The template does not exist, or was not filled in as it must be. */
  | 'TEMPLATE_INVALID'
  /** The customer wants no marketing messages. */
  | 'OPTED_OUT'
  /** The contact is blocked. */
  | 'CONTACT_BLOCKED'
  /** The idempotency key belongs to another message. */
  | 'IDEMPOTENCY_KEY_REUSED'
  /** It contradicts what is there already. */
  | 'CONFLICT'
  /** WhatsApp refused it. */
  | 'META_REFUSED'
  /** WhatsApp can't be reached at the moment. */
  | 'META_UNREACHABLE';

/** An mp4 or 3gp video of at most 16 MB: a link, an upload or a file. */
export type VideoInput = {
  /** An http(s) URL that WhatsApp fetches it from. */
  link?: string | null | undefined;
  /** A file of `uploadMedia`, of the same account. */
  uploadId?: string | null | undefined;
  /** The file itself, in a multipart request. */
  file?: Blob | null | undefined;
  /** The text below it: at most 1024 characters. */
  caption?: string | null | undefined;
};

export type WhoAmIQueryVariables = Exact<{ [key: string]: never; }>;


export type WhoAmIQuery = { viewer: { name: string, role: Role, accounts: Array<{ id: string, name: string }> } };

export type AccountsQueryVariables = Exact<{ [key: string]: never; }>;


export type AccountsQuery = { accounts: { edges: Array<{ node: { id: string, name: string, displayPhoneNumber: string | null, verifiedName: string | null, enabled: boolean, webhookUrl: string, health: { state: AccountHealthState, reason: string | null, qualityRating: string | null } } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type InboxQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type InboxQuery = { conversations: { edges: Array<{ node: { id: string, status: ConversationStatus, unreadCount: number, lastActivityAt: string, contact: { id: string, name: string | null, profileName: string | null, phoneNumber: string | null }, lastMessage: { direction: MessageDirection, text: string | null, status: MessageStatus, timestamp: string } | null, serviceWindow: { isOpen: boolean, expiresAt: string | null } } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type HistoryQueryVariables = Exact<{
  conversationId: string;
  after?: string | null | undefined;
}>;


export type HistoryQuery = { conversation: { contact: { name: string | null, profileName: string | null, phoneNumber: string | null }, messages: { edges: Array<{ node: { id: string, direction: MessageDirection, type: string, text: string | null, status: MessageStatus, timestamp: string, statusHistory: Array<{ status: MessageStatus, at: string }>, errors: Array<{ code: number, title: string | null, details: string | null }> } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } | null };

export type SendTextMutationVariables = Exact<{
  input: SendMessageInput;
}>;


export type SendTextMutation = { sendMessage: { message: { id: string, status: MessageStatus, text: string | null, createdAt: string } | null, userErrors: Array<{ code: UserErrorCode, message: string, field: Array<string> | null }> } };

export type LiveMessagesSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type LiveMessagesSubscription = { messageAdded: { cursor: string, at: string, message: { id: string, direction: MessageDirection, type: string, text: string | null, status: MessageStatus, contact: { name: string | null, profileName: string | null, phoneNumber: string | null }, conversation: { id: string, unreadCount: number } } } };

export type LiveStatusesSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type LiveStatusesSubscription = { messageStatusChanged: { cursor: string, status: MessageStatus, statusAt: string, message: { id: string, text: string | null, errors: Array<{ code: number, title: string | null, details: string | null, retryable: boolean }>, contact: { name: string | null, profileName: string | null } } } };

export type MarkReadMutationVariables = Exact<{
  conversationId: string;
}>;


export type MarkReadMutation = { markConversationRead: { conversation: { id: string, unreadCount: number } | null, userErrors: Array<{ code: UserErrorCode, message: string, field: Array<string> | null }> } };

export type LiveEverythingSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type LiveEverythingSubscription = { events:
    | { __typename: 'AccountDeleted', cursor: string, at: string, account: { id: string } }
    | { __typename: 'AccountUpdated', cursor: string, at: string, account: { id: string, enabled: boolean, health: { state: AccountHealthState } } }
    | { __typename: 'ContactDeleted', contactId: string, cursor: string, at: string }
    | { __typename: 'ContactUpdated', cursor: string, at: string, contact: { id: string, name: string | null, profileName: string | null } }
    | { __typename: 'ConversationUpdated', cursor: string, at: string, conversation: { id: string, status: ConversationStatus, unreadCount: number, assigneeId: string | null } }
    | { __typename: 'MessageAdded', cursor: string, at: string, message: { id: string, direction: MessageDirection, text: string | null } }
    | { __typename: 'MessageStatusChanged', status: MessageStatus, statusAt: string, cursor: string, at: string, message: { id: string } }
    | { __typename: 'MessageUpdated', cursor: string, at: string, message: { id: string, text: string | null, editedAt: string | null, deletedAt: string | null, reactions: Array<{ emoji: string }> } }
    | { __typename: 'TemplateUpdated', cursor: string, at: string, template: { id: string, status: string | null } }
    | { __typename: 'UserUpdated', cursor: string, at: string, user: { id: string, name: string | null } }
   };

export type ResumeLiveSubscriptionVariables = Exact<{
  after: string;
}>;


export type ResumeLiveSubscription = { events:
    | { __typename: 'AccountDeleted', cursor: string, at: string }
    | { __typename: 'AccountUpdated', cursor: string, at: string }
    | { __typename: 'ContactDeleted', cursor: string, at: string }
    | { __typename: 'ContactUpdated', cursor: string, at: string }
    | { __typename: 'ConversationUpdated', cursor: string, at: string, conversation: { id: string, unreadCount: number } }
    | { __typename: 'MessageAdded', cursor: string, at: string, message: { id: string, direction: MessageDirection, text: string | null } }
    | { __typename: 'MessageStatusChanged', status: MessageStatus, cursor: string, at: string, message: { id: string } }
    | { __typename: 'MessageUpdated', cursor: string, at: string }
    | { __typename: 'TemplateUpdated', cursor: string, at: string }
    | { __typename: 'UserUpdated', cursor: string, at: string }
   };

export type SearchMessagesQueryVariables = Exact<{
  text: string;
  after?: string | null | undefined;
}>;


export type SearchMessagesQuery = { searchMessages: { edges: Array<{ node: { id: string, text: string | null, timestamp: string, contact: { name: string | null, profileName: string | null }, conversation: { id: string } } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type SendMediaMutationVariables = Exact<{
  input: SendMessageInput;
}>;


export type SendMediaMutation = { sendMessage: { message: { id: string, status: MessageStatus, content:
        | { kind: MediaKind, caption: string | null, url: string | null }
        | Record<PropertyKey, never>
       | null } | null, userErrors: Array<{ code: UserErrorCode, message: string, field: Array<string> | null }> } };

export type SendButtonsMutationVariables = Exact<{
  input: SendMessageInput;
}>;


export type SendButtonsMutation = { sendMessage: { message: { id: string, status: MessageStatus, content:
        | { body: string, buttons: Array<{ replyId: string | null, title: string | null }> }
        | Record<PropertyKey, never>
       | null } | null, userErrors: Array<{ code: UserErrorCode, message: string, field: Array<string> | null }> } };

export type ReactMutationVariables = Exact<{
  input: SendMessageInput;
}>;


export type ReactMutation = { sendMessage: { message: { id: string, status: MessageStatus } | null, userErrors: Array<{ code: UserErrorCode, message: string, field: Array<string> | null }> } };

export type TemplatesQueryVariables = Exact<{
  accountId: string;
  search?: string | null | undefined;
}>;


export type TemplatesQuery = { templates: { edges: Array<{ node: { id: string, name: string | null, language: string | null, category: string | null, components: Array<{ type: string, format: string | null, text: string | null, buttons: Array<{ type: string, text: string | null }> }>, parameters: Array<{ place: TemplateParameterPlace, kind: TemplateParameterKind, name: string | null, cardIndex: number | null, buttonIndex: number | null, label: string | null, example: string | null, required: boolean }> } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type PreviewTemplateQueryVariables = Exact<{
  templateId: string;
  parameters?: TemplateParametersInput | null | undefined;
}>;


export type PreviewTemplateQuery = { previewTemplate: { content: { body: string, footer: string | null, header: { text: string | null, mediaKind: MediaKind | null, link: string | null } | null, buttons: Array<{ buttonType: string, title: string | null, url: string | null }> } | null, userErrors: Array<{ code: UserErrorCode, message: string, field: Array<string> | null }> } };

export type SendTemplateMutationVariables = Exact<{
  input: SendMessageInput;
}>;


export type SendTemplateMutation = { sendMessage: { message: { id: string, status: MessageStatus, text: string | null } | null, userErrors: Array<{ code: UserErrorCode, message: string, field: Array<string> | null }> } };

export type AuditLogQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type AuditLogQuery = { auditLog: { edges: Array<{ node: { id: string, action: AuditAction, outcome: AuditOutcome, refusal: string | null, createdAt: string, actor: { kind: CredentialKind, name: string }, targets: Array<{ type: string, id: string }> } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type CheckAccountMutationVariables = Exact<{
  accountId: string;
}>;


export type CheckAccountMutation = { checkAccount: { account: { id: string, verifiedName: string | null, health: { state: AccountHealthState, reason: string | null } } | null, checks: Array<{ name: AccountCheckName, ok: boolean, message: string }>, userErrors: Array<{ code: UserErrorCode, message: string }> } };

export type ContactsQueryVariables = Exact<{
  search?: string | null | undefined;
  after?: string | null | undefined;
}>;


export type ContactsQuery = { contacts: { edges: Array<{ node: { id: string, name: string | null, profileName: string | null, phoneNumber: string | null, user: { id: string, name: string | null } | null } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type ConversationHeadQueryVariables = Exact<{
  conversationId: string;
}>;


export type ConversationHeadQuery = { conversation: { id: string, status: ConversationStatus, assigneeId: string | null, tags: Array<string>, unreadCount: number, serviceWindow: { isOpen: boolean, expiresAt: string | null }, account: { id: string, name: string, displayPhoneNumber: string | null }, contact: { id: string, name: string | null, profileName: string | null, phoneNumber: string | null, blocked: boolean, marketingOptOut: boolean, tags: Array<string>, attributes: unknown, user: { id: string, name: string | null, contacts: { edges: Array<{ node: { id: string, phoneNumber: string | null } }> } } | null } } | null };

export type CreateAccountMutationVariables = Exact<{
  input: CreateAccountInput;
}>;


export type CreateAccountMutation = { createAccount: { verifyToken: string | null, account: { id: string, webhookUrl: string } | null, userErrors: Array<{ code: UserErrorCode, message: string, field: Array<string> | null }> } };

export type CreateUserMutationVariables = Exact<{
  input: CreateUserInput;
}>;


export type CreateUserMutation = { createUser: { user: { id: string, name: string | null, externalId: string | null } | null, userErrors: Array<{ code: UserErrorCode, message: string, field: Array<string> | null }> } };

export type LinkContactMutationVariables = Exact<{
  contactId: string;
  userId: string;
}>;


export type LinkContactMutation = { linkContact: { contact: { id: string, user: { id: string, name: string | null } | null } | null, userErrors: Array<{ code: UserErrorCode, message: string, field: Array<string> | null }> } };

export type ParkedItemsQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type ParkedItemsQuery = { parkedItems: { edges: Array<{ node: { id: string, reason: ParkedReason, details: string | null, pointer: string, createdAt: string, account: { id: string, name: string } | null } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type SendFileMutationVariables = Exact<{
  conversationId: string;
  file: Blob;
  key?: string | null | undefined;
}>;


export type SendFileMutation = { sendMessage: { message: { id: string, status: MessageStatus, content:
        | { url: string | null, mimeType: string | null }
        | Record<PropertyKey, never>
       | null } | null, userErrors: Array<{ code: UserErrorCode, message: string, field: Array<string> | null }> } };

export type SetTypingMutationVariables = Exact<{
  conversationId: string;
}>;


export type SetTypingMutation = { setTyping: { conversation: { id: string } | null, userErrors: Array<{ code: UserErrorCode, message: string }> } };

export type UpdateContactMutationVariables = Exact<{
  input: UpdateContactInput;
}>;


export type UpdateContactMutation = { updateContact: { contact: { id: string, name: string | null, tags: Array<string>, attributes: unknown } | null, userErrors: Array<{ code: UserErrorCode, message: string, field: Array<string> | null }> } };

export type UploadMediaMutationVariables = Exact<{
  accountId: string;
  file: Blob;
}>;


export type UploadMediaMutation = { uploadMedia: { upload: { id: string, kind: MediaKind, filename: string | null, sizeBytes: number, url: string, unusedUntil: string | null } | null, userErrors: Array<{ code: UserErrorCode, message: string, field: Array<string> | null }> } };


export const WhoAmIDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"WhoAmI"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"viewer"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"role"}},{"kind":"Field","name":{"kind":"Name","value":"accounts"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}}]}}]} as unknown as DocumentNode<WhoAmIQuery, WhoAmIQueryVariables>;
export const AccountsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Accounts"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"accounts"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"displayPhoneNumber"}},{"kind":"Field","name":{"kind":"Name","value":"verifiedName"}},{"kind":"Field","name":{"kind":"Name","value":"enabled"}},{"kind":"Field","name":{"kind":"Name","value":"health"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"qualityRating"}}]}},{"kind":"Field","name":{"kind":"Name","value":"webhookUrl"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]} as unknown as DocumentNode<AccountsQuery, AccountsQueryVariables>;
export const InboxDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Inbox"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"conversations"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"unreadCount"}},{"kind":"Field","name":{"kind":"Name","value":"lastActivityAt"}},{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"profileName"}},{"kind":"Field","name":{"kind":"Name","value":"phoneNumber"}}]}},{"kind":"Field","name":{"kind":"Name","value":"lastMessage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"direction"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"timestamp"}}]}},{"kind":"Field","name":{"kind":"Name","value":"serviceWindow"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"isOpen"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]} as unknown as DocumentNode<InboxQuery, InboxQueryVariables>;
export const HistoryDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"History"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"conversationId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"conversation"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"conversationId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"profileName"}},{"kind":"Field","name":{"kind":"Name","value":"phoneNumber"}}]}},{"kind":"Field","name":{"kind":"Name","value":"messages"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"direction"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"statusHistory"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"at"}}]}},{"kind":"Field","name":{"kind":"Name","value":"errors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"details"}}]}},{"kind":"Field","name":{"kind":"Name","value":"timestamp"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]}}]} as unknown as DocumentNode<HistoryQuery, HistoryQueryVariables>;
export const SendTextDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SendText"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"SendMessageInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"sendMessage"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<SendTextMutation, SendTextMutationVariables>;
export const LiveMessagesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"LiveMessages"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"messageAdded"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"direction"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"profileName"}},{"kind":"Field","name":{"kind":"Name","value":"phoneNumber"}}]}},{"kind":"Field","name":{"kind":"Name","value":"conversation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"unreadCount"}}]}}]}}]}}]}}]} as unknown as DocumentNode<LiveMessagesSubscription, LiveMessagesSubscriptionVariables>;
export const LiveStatusesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"LiveStatuses"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"messageStatusChanged"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"statusAt"}},{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"errors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"details"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}}]}},{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"profileName"}}]}}]}}]}}]}}]} as unknown as DocumentNode<LiveStatusesSubscription, LiveStatusesSubscriptionVariables>;
export const MarkReadDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"MarkRead"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"conversationId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"markConversationRead"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"conversationId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"conversationId"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"conversation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"unreadCount"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<MarkReadMutation, MarkReadMutationVariables>;
export const LiveEverythingDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"LiveEverything"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"events"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MessageAdded"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"direction"}},{"kind":"Field","name":{"kind":"Name","value":"text"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MessageStatusChanged"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"statusAt"}},{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MessageUpdated"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"editedAt"}},{"kind":"Field","name":{"kind":"Name","value":"deletedAt"}},{"kind":"Field","name":{"kind":"Name","value":"reactions"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"emoji"}}]}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ConversationUpdated"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"conversation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"unreadCount"}},{"kind":"Field","name":{"kind":"Name","value":"assigneeId"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ContactUpdated"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"profileName"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ContactDeleted"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contactId"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserUpdated"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"user"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"TemplateUpdated"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"template"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"AccountUpdated"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"account"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"enabled"}},{"kind":"Field","name":{"kind":"Name","value":"health"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}}]}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"AccountDeleted"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"account"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}}]}}]} as unknown as DocumentNode<LiveEverythingSubscription, LiveEverythingSubscriptionVariables>;
export const ResumeLiveDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"ResumeLive"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"events"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MessageAdded"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"direction"}},{"kind":"Field","name":{"kind":"Name","value":"text"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MessageStatusChanged"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ConversationUpdated"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"conversation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"unreadCount"}}]}}]}}]}}]}}]} as unknown as DocumentNode<ResumeLiveSubscription, ResumeLiveSubscriptionVariables>;
export const SearchMessagesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"SearchMessages"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"text"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"searchMessages"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"text"},"value":{"kind":"Variable","name":{"kind":"Name","value":"text"}}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"timestamp"}},{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"profileName"}}]}},{"kind":"Field","name":{"kind":"Name","value":"conversation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]} as unknown as DocumentNode<SearchMessagesQuery, SearchMessagesQueryVariables>;
export const SendMediaDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SendMedia"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"SendMessageInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"sendMessage"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"content"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MediaContent"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"caption"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<SendMediaMutation, SendMediaMutationVariables>;
export const SendButtonsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SendButtons"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"SendMessageInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"sendMessage"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"content"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"InteractiveContent"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"body"}},{"kind":"Field","name":{"kind":"Name","value":"buttons"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"replyId"}},{"kind":"Field","name":{"kind":"Name","value":"title"}}]}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<SendButtonsMutation, SendButtonsMutationVariables>;
export const ReactDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"React"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"SendMessageInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"sendMessage"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<ReactMutation, ReactMutationVariables>;
export const TemplatesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Templates"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"accountId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"search"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"templates"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"accountId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"accountId"}}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"sendable"},"value":{"kind":"BooleanValue","value":true}},{"kind":"ObjectField","name":{"kind":"Name","value":"search"},"value":{"kind":"Variable","name":{"kind":"Name","value":"search"}}}]}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"language"}},{"kind":"Field","name":{"kind":"Name","value":"category"}},{"kind":"Field","name":{"kind":"Name","value":"components"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"format"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"buttons"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"text"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"parameters"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"place"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"cardIndex"}},{"kind":"Field","name":{"kind":"Name","value":"buttonIndex"}},{"kind":"Field","name":{"kind":"Name","value":"label"}},{"kind":"Field","name":{"kind":"Name","value":"example"}},{"kind":"Field","name":{"kind":"Name","value":"required"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]} as unknown as DocumentNode<TemplatesQuery, TemplatesQueryVariables>;
export const PreviewTemplateDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"PreviewTemplate"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"templateId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"parameters"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"TemplateParametersInput"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"previewTemplate"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"templateId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"templateId"}}},{"kind":"Argument","name":{"kind":"Name","value":"parameters"},"value":{"kind":"Variable","name":{"kind":"Name","value":"parameters"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"content"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"header"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"mediaKind"}},{"kind":"Field","name":{"kind":"Name","value":"link"}}]}},{"kind":"Field","name":{"kind":"Name","value":"body"}},{"kind":"Field","name":{"kind":"Name","value":"footer"}},{"kind":"Field","name":{"kind":"Name","value":"buttons"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"buttonType"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<PreviewTemplateQuery, PreviewTemplateQueryVariables>;
export const SendTemplateDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SendTemplate"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"SendMessageInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"sendMessage"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"text"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<SendTemplateMutation, SendTemplateMutationVariables>;
export const AuditLogDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"AuditLog"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"auditLog"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"action"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"refusal"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"actor"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"targets"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]} as unknown as DocumentNode<AuditLogQuery, AuditLogQueryVariables>;
export const CheckAccountDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CheckAccount"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"accountId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"checkAccount"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"accountId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"accountId"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"account"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"verifiedName"}},{"kind":"Field","name":{"kind":"Name","value":"health"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"checks"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"ok"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<CheckAccountMutation, CheckAccountMutationVariables>;
export const ContactsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Contacts"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"search"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contacts"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"search"},"value":{"kind":"Variable","name":{"kind":"Name","value":"search"}}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"profileName"}},{"kind":"Field","name":{"kind":"Name","value":"phoneNumber"}},{"kind":"Field","name":{"kind":"Name","value":"user"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]} as unknown as DocumentNode<ContactsQuery, ContactsQueryVariables>;
export const ConversationHeadDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ConversationHead"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"conversationId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"conversation"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"conversationId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"assigneeId"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"unreadCount"}},{"kind":"Field","name":{"kind":"Name","value":"serviceWindow"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"isOpen"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"account"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"displayPhoneNumber"}}]}},{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"profileName"}},{"kind":"Field","name":{"kind":"Name","value":"phoneNumber"}},{"kind":"Field","name":{"kind":"Name","value":"blocked"}},{"kind":"Field","name":{"kind":"Name","value":"marketingOptOut"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"attributes"}},{"kind":"Field","name":{"kind":"Name","value":"user"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"contacts"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"10"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"phoneNumber"}}]}}]}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<ConversationHeadQuery, ConversationHeadQueryVariables>;
export const CreateAccountDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateAccount"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateAccountInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createAccount"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"account"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"webhookUrl"}}]}},{"kind":"Field","name":{"kind":"Name","value":"verifyToken"}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<CreateAccountMutation, CreateAccountMutationVariables>;
export const CreateUserDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateUser"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateUserInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createUser"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"user"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"externalId"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<CreateUserMutation, CreateUserMutationVariables>;
export const LinkContactDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"LinkContact"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"contactId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"userId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"linkContact"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"contactId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"contactId"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"userId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"userId"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"user"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<LinkContactMutation, LinkContactMutationVariables>;
export const ParkedItemsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ParkedItems"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"parkedItems"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"state"},"value":{"kind":"EnumValue","value":"PARKED"}}]}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"details"}},{"kind":"Field","name":{"kind":"Name","value":"pointer"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"account"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]} as unknown as DocumentNode<ParkedItemsQuery, ParkedItemsQueryVariables>;
export const SendFileDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SendFile"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"conversationId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"file"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Upload"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"key"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"sendMessage"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"to"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"conversationId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"conversationId"}}}]}},{"kind":"ObjectField","name":{"kind":"Name","value":"content"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"image"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"file"},"value":{"kind":"Variable","name":{"kind":"Name","value":"file"}}}]}}]}},{"kind":"ObjectField","name":{"kind":"Name","value":"idempotencyKey"},"value":{"kind":"Variable","name":{"kind":"Name","value":"key"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"content"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MediaContent"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"mimeType"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<SendFileMutation, SendFileMutationVariables>;
export const SetTypingDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SetTyping"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"conversationId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"setTyping"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"conversationId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"conversationId"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"conversation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<SetTypingMutation, SetTypingMutationVariables>;
export const UpdateContactDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"UpdateContact"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"UpdateContactInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"updateContact"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"attributes"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<UpdateContactMutation, UpdateContactMutationVariables>;
export const UploadMediaDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"UploadMedia"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"accountId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"file"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Upload"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"uploadMedia"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"accountId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"accountId"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"file"},"value":{"kind":"Variable","name":{"kind":"Name","value":"file"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"upload"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"filename"}},{"kind":"Field","name":{"kind":"Name","value":"sizeBytes"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"unusedUntil"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"field"}}]}}]}}]}}]} as unknown as DocumentNode<UploadMediaMutation, UploadMediaMutationVariables>;
export const possibleTypes = {
  "Event": [
    "AccountDeleted",
    "AccountUpdated",
    "ContactDeleted",
    "ContactUpdated",
    "ConversationUpdated",
    "MessageAdded",
    "MessageStatusChanged",
    "MessageUpdated",
    "TemplateUpdated",
    "UserUpdated"
  ],
  "MessageContent": [
    "TextContent",
    "MediaContent",
    "LocationContent",
    "ContactsContent",
    "InteractiveContent",
    "InteractiveReplyContent",
    "ReactionContent",
    "OrderContent",
    "SystemContent",
    "TemplateContent",
    "CallContent",
    "UnsupportedContent"
  ],
  "Node": [
    "Account",
    "AccountEvent",
    "ApiKey",
    "AuditEntry",
    "Contact",
    "Conversation",
    "Message",
    "ParkedItem",
    "Template",
    "UploadedMedia",
    "User"
  ]
};
