// Written by `npm run generate`.
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** Checks of an account. */
export type AccountCheckName =
  /** WhatsApp accepts the access token. */
  | 'TOKEN'
  /** The number exists and is registered with the Cloud API. */
  | 'PHONE_NUMBER'
  /** The number belongs to the business account. */
  | 'BUSINESS_ACCOUNT'
  /** A Meta app receives the business account's webhooks. */
  | 'WEBHOOK_SUBSCRIPTION'
  /** WhatsApp posts messages to this server. */
  | 'WEBHOOK_URL'
  /** Webhooks can be verified: the app secret is set and belongs to the access token's app. */
  | 'APP_SECRET';

/** Sending state of an account. */
export type AccountHealthState =
  /** The account can send. */
  | 'OK'
  /** WhatsApp refuses the account; its messages stay queued. */
  | 'STOPPED';

/** Audio file of up to 16 MB (AAC, AMR, MP3, M4A or OGG with Opus), as a link, an upload or a file. */
export type AudioInput = {
  /** URL from which WhatsApp downloads the file: http:// or https://. */
  link?: string | null | undefined;
  /** Id of a file from `uploadMedia`, uploaded for the same account. */
  uploadId?: string | null | undefined;
  /** File of a multipart request. */
  file?: Blob | null | undefined;
  /** True if the file is shown as a voice message; requires OGG with Opus. */
  voice?: boolean | null | undefined;
};

/** Audited action. */
export type AuditAction =
  /** Connected an account. */
  | 'ACCOUNT_CREATED'
  /** Changed an account. */
  | 'ACCOUNT_UPDATED'
  /** Changed the number or business account of an account. */
  | 'ACCOUNT_MOVED'
  /** Enabled an account. */
  | 'ACCOUNT_ENABLED'
  /** Disabled an account. */
  | 'ACCOUNT_DISABLED'
  /** Deleted an account with all its data. */
  | 'ACCOUNT_DELETED'
  /** Checked an account's credentials. */
  | 'ACCOUNT_CHECKED'
  /** Subscribed an account to webhooks. */
  | 'WEBHOOKS_SUBSCRIBED'
  /** Unsubscribed an account from webhooks. */
  | 'WEBHOOKS_UNSUBSCRIBED'
  /** Synchronized an account's templates from WhatsApp. */
  | 'TEMPLATES_SYNCED'
  /** Created an API key. */
  | 'API_KEY_CREATED'
  /** Revoked an API key. */
  | 'API_KEY_REVOKED'
  /** Re-encrypted all credentials with the newest key. */
  | 'ENCRYPTION_KEYS_ROTATED'
  /** Replayed parked items. */
  | 'PARKED_ITEMS_REPLAYED'
  /** Discarded parked items. */
  | 'PARKED_ITEMS_DISCARDED'
  /** Changed a contact. */
  | 'CONTACT_UPDATED'
  /** Linked a contact to a user. */
  | 'CONTACT_LINKED'
  /** Unlinked a contact from its user. */
  | 'CONTACT_UNLINKED'
  /** Blocked a contact. */
  | 'CONTACT_BLOCKED'
  /** Unblocked a contact. */
  | 'CONTACT_UNBLOCKED'
  /** Erased a contact with its messages. */
  | 'CONTACT_DELETED'
  /** Merged a contact into another contact. */
  | 'CONTACTS_MERGED'
  /** Created a user. */
  | 'USER_CREATED'
  /** Changed a user. */
  | 'USER_UPDATED';

/** Outcome of an action. */
export type AuditOutcome =
  /** Started with unknown result; it may have been completed. */
  | 'STARTED'
  /** Completed. */
  | 'DONE'
  /** Refused; see `refusal`. */
  | 'REFUSED'
  /** Failed with an error or outage; see the log for the request id. */
  | 'FAILED';

/** Postal address on a contact card. */
export type ContactAddressInput = {
  /** Street and house number. */
  street?: string | null | undefined;
  /** City. */
  city?: string | null | undefined;
  /** State or province. */
  state?: string | null | undefined;
  /** Postal code. */
  zip?: string | null | undefined;
  /** Country. */
  country?: string | null | undefined;
  /** Two-letter ISO 3166 country code. */
  countryCode?: string | null | undefined;
  /** Kind of address, such as HOME or WORK. */
  type?: string | null | undefined;
};

/** Contact card. Texts have up to 500 characters, URLs up to 2,000. */
export type ContactCardInput = {
  /** Name on the card. */
  name: ContactNameInput;
  /** Up to 50 phone numbers. */
  phones?: Array<ContactPhoneInput> | null | undefined;
  /** Up to 50 e-mail addresses. */
  emails?: Array<ContactEmailInput> | null | undefined;
  /** Up to 50 web pages. */
  urls?: Array<ContactUrlInput> | null | undefined;
  /** Up to 50 postal addresses. */
  addresses?: Array<ContactAddressInput> | null | undefined;
  /** Organization of the contact. */
  org?: ContactOrganizationInput | null | undefined;
  /** Birthday as YYYY-MM-DD. */
  birthday?: string | null | undefined;
};

/** E-mail address on a contact card. */
export type ContactEmailInput = {
  /** E-mail address. */
  email: string;
  /** Kind of address, such as HOME or WORK. */
  type?: string | null | undefined;
};

/** Name on a contact card. */
export type ContactNameInput = {
  /** Full name as shown on the card. */
  formattedName: string;
  /** First name. */
  firstName?: string | null | undefined;
  /** Last name. */
  lastName?: string | null | undefined;
  /** Middle name. */
  middleName?: string | null | undefined;
  /** Name prefix, such as Dr. */
  prefix?: string | null | undefined;
  /** Name suffix, such as Jr. */
  suffix?: string | null | undefined;
};

/** Organization on a contact card. */
export type ContactOrganizationInput = {
  /** Company. */
  company?: string | null | undefined;
  /** Department. */
  department?: string | null | undefined;
  /** Job title. */
  title?: string | null | undefined;
};

/** Phone number on a contact card. */
export type ContactPhoneInput = {
  /** Phone number as shown on the card. */
  phone: string;
  /** Kind of number, such as CELL, HOME or WORK. */
  type?: string | null | undefined;
  /** WhatsApp's id of the number, as digits; adds a button to message the contact. */
  waId?: string | null | undefined;
};

/** Web page on a contact card. */
export type ContactUrlInput = {
  /** URL of the page. */
  url: string;
  /** Kind of page, such as HOME or WORK. */
  type?: string | null | undefined;
};

/** Status of a conversation. */
export type ConversationStatus =
  /** In progress; an inbound message reopens a closed conversation. */
  | 'OPEN'
  /** Closed by an agent. */
  | 'CLOSED';

/** WhatsApp Business number to connect. */
export type CreateAccountInput = {
  /** Name used by your staff. */
  name: string;
  /** WhatsApp's id of the phone number. */
  phoneNumberId: string;
  /** WhatsApp's id of the business account (WABA). */
  businessAccountId: string;
  /** Permanent access token with permission to send from the number; stored encrypted. */
  accessToken: string;
  /** Secret of the Meta app that sends the webhooks; defaults to the server's secret. Stored encrypted. */
  appSecret?: string | null | undefined;
  /** Token of 12 to 256 characters that Meta presents when it verifies the webhook URL; generated if omitted. Stored encrypted. */
  verifyToken?: string | null | undefined;
  /** Version of Meta's Graph API, such as v25.0; defaults to the server's setting. */
  graphApiVersion?: string | null | undefined;
};

/** User to create. */
export type CreateUserInput = {
  /** Name of up to 200 characters. */
  name?: string | null | undefined;
  /** Phone number with country code; unique among the users visible to the caller. */
  phone?: string | null | undefined;
  /** E-mail address. */
  email?: string | null | undefined;
  /** Id of the person in your application; unique among the users visible to the caller. */
  externalId?: string | null | undefined;
  /** JSON object of up to 16 KiB for your application's own data. */
  attributes?: unknown;
};

/** Kind of the credential that performed an action. */
export type CredentialKind =
  /** API key. */
  | 'API_KEY'
  /** Token of your identity provider. */
  | 'JWT'
  /** `manage.py` on the server. */
  | 'OPERATOR';

/** File of up to 100 MB, as a link, an upload or a file. Images, audio and video in a format that can't be sent as media are refused. */
export type DocumentInput = {
  /** URL from which WhatsApp downloads the file: http:// or https://. */
  link?: string | null | undefined;
  /** Id of a file from `uploadMedia`, uploaded for the same account. */
  uploadId?: string | null | undefined;
  /** File of a multipart request. */
  file?: Blob | null | undefined;
  /** Caption below the file, up to 1,024 characters. */
  caption?: string | null | undefined;
  /** File name shown to the customer, up to 240 characters; defaults to the upload's name. */
  filename?: string | null | undefined;
};

/** First step when a WhatsApp Flow opens. */
export type FlowAction =
  /** Opens the given screen with the given data. */
  | 'NAVIGATE'
  /** Asks your endpoint for the first screen. */
  | 'DATA_EXCHANGE';

/** Publication state of a WhatsApp Flow. */
export type FlowMode =
  /** Draft, for testing. */
  | 'DRAFT'
  /** Published. */
  | 'PUBLISHED';

/** Document above the body. */
export type HeaderDocumentInput = {
  /** URL from which WhatsApp downloads the file: http:// or https://, up to 2,000 characters. */
  link: string;
  /** File name shown to the customer, up to 240 characters. */
  filename?: string | null | undefined;
};

/** Image or video above the body. */
export type HeaderMediaInput = {
  /** URL from which WhatsApp downloads the file: http:// or https://, up to 2,000 characters. */
  link: string;
};

/** JPEG or PNG image of up to 5 MB, as a link, an upload or a file. */
export type ImageInput = {
  /** URL from which WhatsApp downloads the file: http:// or https://. */
  link?: string | null | undefined;
  /** Id of a file from `uploadMedia`, uploaded for the same account. */
  uploadId?: string | null | undefined;
  /** File of a multipart request. */
  file?: Blob | null | undefined;
  /** Caption below the file, up to 1,024 characters. */
  caption?: string | null | undefined;
};

/** Message with reply buttons. */
export type InteractiveButtonsInput = {
  /** Header above the body. */
  header?: InteractiveHeaderInput | null | undefined;
  /** Body text of 1 to 1,024 characters. */
  body: string;
  /** Footer of up to 60 characters, shown below the body. */
  footer?: string | null | undefined;
  /** 1 to 3 buttons with different ids and titles. */
  buttons: Array<ReplyButtonInput>;
};

/** Message with a button that shares the customer's phone number. */
export type InteractiveContactRequestInput = {
  /** Body text of 1 to 1,024 characters. */
  body: string;
};

/** Message with a button that opens a web page. */
export type InteractiveCtaUrlInput = {
  /** Header above the body. */
  header?: InteractiveHeaderInput | null | undefined;
  /** Body text of 1 to 1,024 characters. */
  body: string;
  /** Footer of up to 60 characters, shown below the body. */
  footer?: string | null | undefined;
  /** Button label of 1 to 20 characters. */
  displayText: string;
  /** URL of the page: http:// or https://, up to 2,000 characters. */
  url: string;
};

/** Message with a button that opens a WhatsApp Flow. */
export type InteractiveFlowInput = {
  /** Header above the body. */
  header?: InteractiveHeaderInput | null | undefined;
  /** Body text of 1 to 1,024 characters. */
  body: string;
  /** Footer of up to 60 characters, shown below the body. */
  footer?: string | null | undefined;
  /** Meta's id of the flow; give either this or `flowName`. */
  flowId?: string | null | undefined;
  /** Name of the flow. */
  flowName?: string | null | undefined;
  /** Button label of 1 to 30 characters without emoji; WhatsApp recommends up to 20. */
  cta: string;
  /** Token of up to 1,000 characters, returned with the customer's response. */
  token?: string | null | undefined;
  /** Publication state of the flow. */
  mode?: FlowMode | null | undefined;
  /** First step when the flow opens. */
  action?: FlowAction | null | undefined;
  /** First screen, for NAVIGATE; defaults to the flow's own. */
  screen?: string | null | undefined;
  /** Initial data of the first screen, for NAVIGATE: a JSON object of up to 16 KiB and 8 levels. */
  data?: unknown;
};

/** Header above the body; exactly one kind must be given. */
export type InteractiveHeaderInput =
  {   /** Text of 1 to 60 characters. */
  text: string; image?: never; video?: never; document?: never; }
  |  { text?: never;   /** Image. */
  image: HeaderMediaInput; video?: never; document?: never; }
  |  { text?: never; image?: never;   /** Video. */
  video: HeaderMediaInput; document?: never; }
  |  { text?: never; image?: never; video?: never;   /** Document. */
  document: HeaderDocumentInput; };

/** Interactive message; exactly one kind must be given. */
export type InteractiveInput =
  {   /** Reply buttons. */
  buttons: InteractiveButtonsInput; list?: never; ctaUrl?: never; locationRequest?: never; contactRequest?: never; flow?: never; }
  |  { buttons?: never;   /** List of rows to choose from. */
  list: InteractiveListInput; ctaUrl?: never; locationRequest?: never; contactRequest?: never; flow?: never; }
  |  { buttons?: never; list?: never;   /** Button that opens a web page. */
  ctaUrl: InteractiveCtaUrlInput; locationRequest?: never; contactRequest?: never; flow?: never; }
  |  { buttons?: never; list?: never; ctaUrl?: never;   /** Request for the customer's location. */
  locationRequest: InteractiveLocationRequestInput; contactRequest?: never; flow?: never; }
  |  { buttons?: never; list?: never; ctaUrl?: never; locationRequest?: never;   /** Request for the customer's phone number. */
  contactRequest: InteractiveContactRequestInput; flow?: never; }
  |  { buttons?: never; list?: never; ctaUrl?: never; locationRequest?: never; contactRequest?: never;   /** WhatsApp Flow. */
  flow: InteractiveFlowInput; };

/** Message with a list to choose from. */
export type InteractiveListInput = {
  /** Header above the body; lists allow text only. */
  header?: InteractiveHeaderInput | null | undefined;
  /** Body text of 1 to 4,096 characters. */
  body: string;
  /** Footer of up to 60 characters, shown below the body. */
  footer?: string | null | undefined;
  /** Label of 1 to 20 characters on the button that opens the list. */
  button: string;
  /** 1 to 10 sections. */
  sections: Array<ListSectionInput>;
};

/** Message with a button that sends the customer's location. */
export type InteractiveLocationRequestInput = {
  /** Body text of 1 to 1,024 characters. */
  body: string;
};

/** Row of a list. */
export type ListRowInput = {
  /** Id of 1 to 200 characters, returned as `replyId`. */
  id: string;
  /** Row title of 1 to 24 characters. */
  title: string;
  /** Row description of up to 72 characters, shown below the title. */
  description?: string | null | undefined;
};

/** Section of a list. */
export type ListSectionInput = {
  /** Section title of 1 to 24 characters; required if there are several sections. */
  title?: string | null | undefined;
  /** Rows with different ids; up to 10 in all sections together. */
  rows: Array<ListRowInput>;
};

/** Location. */
export type LocationInput = {
  /** Latitude in degrees, -90 to 90. */
  latitude: number;
  /** Longitude in degrees, -180 to 180. */
  longitude: number;
  /** Name of the place, up to 1,000 characters. */
  name?: string | null | undefined;
  /** Address of the place, up to 1,000 characters; shown below a name. */
  address?: string | null | undefined;
};

/** Kind of a message's file. */
export type MediaKind =
  /** Image. */
  | 'IMAGE'
  /** Video. */
  | 'VIDEO'
  /** Audio file or voice message. */
  | 'AUDIO'
  /** Other file. */
  | 'DOCUMENT'
  /** Sticker. */
  | 'STICKER';

/** Content to send; exactly one kind must be given. */
export type MessageContentInput =
  {   /** Text. */
  text: TextInput; image?: never; video?: never; audio?: never; document?: never; sticker?: never; location?: never; contacts?: never; reaction?: never; interactive?: never; template?: never; }
  |  { text?: never;   /** Image. */
  image: ImageInput; video?: never; audio?: never; document?: never; sticker?: never; location?: never; contacts?: never; reaction?: never; interactive?: never; template?: never; }
  |  { text?: never; image?: never;   /** Video. */
  video: VideoInput; audio?: never; document?: never; sticker?: never; location?: never; contacts?: never; reaction?: never; interactive?: never; template?: never; }
  |  { text?: never; image?: never; video?: never;   /** Audio file or voice message. */
  audio: AudioInput; document?: never; sticker?: never; location?: never; contacts?: never; reaction?: never; interactive?: never; template?: never; }
  |  { text?: never; image?: never; video?: never; audio?: never;   /** Any other file. */
  document: DocumentInput; sticker?: never; location?: never; contacts?: never; reaction?: never; interactive?: never; template?: never; }
  |  { text?: never; image?: never; video?: never; audio?: never; document?: never;   /** Sticker. */
  sticker: StickerInput; location?: never; contacts?: never; reaction?: never; interactive?: never; template?: never; }
  |  { text?: never; image?: never; video?: never; audio?: never; document?: never; sticker?: never;   /** Location. */
  location: LocationInput; contacts?: never; reaction?: never; interactive?: never; template?: never; }
  |  { text?: never; image?: never; video?: never; audio?: never; document?: never; sticker?: never; location?: never;   /** 1 to 257 contact cards. */
  contacts: Array<ContactCardInput>; reaction?: never; interactive?: never; template?: never; }
  |  { text?: never; image?: never; video?: never; audio?: never; document?: never; sticker?: never; location?: never; contacts?: never;   /** Reaction to a message. */
  reaction: ReactionInput; interactive?: never; template?: never; }
  |  { text?: never; image?: never; video?: never; audio?: never; document?: never; sticker?: never; location?: never; contacts?: never; reaction?: never;   /** Buttons, a list, a link, a request or a flow. */
  interactive: InteractiveInput; template?: never; }
  |  { text?: never; image?: never; video?: never; audio?: never; document?: never; sticker?: never; location?: never; contacts?: never; reaction?: never; interactive?: never;   /** Message template. */
  template: TemplateInput; };

/** Direction of a message. */
export type MessageDirection =
  /** From the customer. */
  | 'INBOUND'
  /** From the business. */
  | 'OUTBOUND';

/** Delivery status of a message; it only advances. */
export type MessageStatus =
  /** Inbound message received. */
  | 'RECEIVED'
  /** Stored and waiting to be sent. */
  | 'QUEUED'
  /** Being sent to WhatsApp. */
  | 'SENDING'
  /** Sent to WhatsApp without a response; not retried automatically. */
  | 'UNKNOWN'
  /** Accepted by WhatsApp. */
  | 'ACCEPTED'
  /** Held by WhatsApp for quality assessment. */
  | 'HELD'
  /** Sent by WhatsApp to the customer. */
  | 'SENT'
  /** Not delivered; see `errors`. */
  | 'FAILED'
  /** Delivered to the customer's device. */
  | 'DELIVERED'
  /** Read by the customer. */
  | 'READ'
  /** Voice message played by the customer. */
  | 'PLAYED'
  /** Cancelled before it was sent. */
  | 'CANCELLED';

/** Reason why an item of a webhook was parked. */
export type ParkedReason =
  /** No account has the number. */
  | 'UNKNOWN_ACCOUNT'
  /** The account is disabled. */
  | 'ACCOUNT_DISABLED'
  /** Signed with a secret of another account. */
  | 'WRONG_SECRET'
  /** The body of the webhook is not valid JSON. */
  | 'INVALID_BODY'
  /** The item does not match WhatsApp's documented format. */
  | 'INVALID_ITEM'
  /** Error of this server; see the log. */
  | 'INTERNAL_ERROR';

/** Reaction to a message. It does not appear as a message; once WhatsApp accepts it, it is listed in the `reactions` of the message. */
export type ReactionInput = {
  /** Id of a message in the same conversation, up to 30 days old. */
  messageId: string;
  /** Exactly one emoji; null or empty removes the reaction. */
  emoji?: string | null | undefined;
};

/** Recipient; exactly one field must be given. */
export type RecipientInput =
  {   /** Phone number with country code; "+" and punctuation are optional. Requires `accountId`. */
  phoneNumber: string; businessScopedUserId?: never; contactId?: never; conversationId?: never; }
  |  { phoneNumber?: never;   /** WhatsApp's id of the person for your business. Requires `accountId`. */
  businessScopedUserId: string; contactId?: never; conversationId?: never; }
  |  { phoneNumber?: never; businessScopedUserId?: never;   /** Id of a contact. */
  contactId: string; conversationId?: never; }
  |  { phoneNumber?: never; businessScopedUserId?: never; contactId?: never;   /** Id of a conversation. */
  conversationId: string; };

/** Reply button. */
export type ReplyButtonInput = {
  /** Id of 1 to 256 characters, returned as `replyId`. */
  id: string;
  /** Button label of 1 to 20 characters. */
  title: string;
};

/** Role of a credential; each role includes the lower ones. */
export type Role =
  /** Can also manage accounts, API keys and parked items, and erase contacts. */
  | 'ADMIN'
  /** Can also send and edit conversations, contacts and users. */
  | 'AGENT'
  /** Can read. */
  | 'VIEWER';

/** Message to send. */
export type SendMessageInput = {
  /** Id of the sending account; required if the recipient is a phone number or user id. */
  accountId?: string | null | undefined;
  /** Recipient of the message. */
  to: RecipientInput;
  /** Content of the message. */
  content: MessageContentInput;
  /** Id of the message in the same conversation to reply to. */
  replyToMessageId?: string | null | undefined;
  /** Key of up to 255 characters chosen by your application; a second message with the same key is not sent. */
  idempotencyKey?: string | null | undefined;
};

/** WebP sticker of 512 x 512 pixels and up to 100 KB, animated 500 KB, as a link, an upload or a file. */
export type StickerInput = {
  /** URL from which WhatsApp downloads the file: http:// or https://. */
  link?: string | null | undefined;
  /** Id of a file from `uploadMedia`, uploaded for the same account. */
  uploadId?: string | null | undefined;
  /** File of a multipart request. */
  file?: Blob | null | undefined;
};

/** Value of one variable: exactly one of `text`, `currency` and `dateTime`. */
export type TemplateBodyParameterInput = {
  /** Name of the variable, for templates with named variables. */
  name?: string | null | undefined;
  /** Single-line text without tabs and with at most 4 consecutive spaces. */
  text?: string | null | undefined;
  /** Amount of money. */
  currency?: TemplateCurrencyInput | null | undefined;
  /** Date and time. */
  dateTime?: TemplateDateTimeInput | null | undefined;
};

/** Parameter of one button: `index` and exactly one other field, matching the button's type. */
export type TemplateButtonParameterInput = {
  /** Index of the button in the template, from 0. */
  index: number;
  /** URL button: replaces the variable at the end of the URL. */
  urlSuffix?: string | null | undefined;
  /** QUICK_REPLY button: payload of up to 256 characters, returned as `replyId`. */
  payload?: string | null | undefined;
  /** COPY_CODE button: code of up to 15 characters to copy. */
  couponCode?: string | null | undefined;
  /** FLOW button: initial state of the flow. */
  flow?: TemplateFlowInput | null | undefined;
  /** CATALOG button: product whose image is shown. */
  thumbnailProductRetailerId?: string | null | undefined;
};

/** Calendar supported by WhatsApp. */
export type TemplateCalendar =
  /** Gregorian calendar. */
  | 'GREGORIAN'
  /** Solar Hijri (Iranian) calendar. */
  | 'SOLAR_HIJRI';

/** Parameters of a carousel card. */
export type TemplateCardInput = {
  /** Image or video above the card. */
  header?: TemplateHeaderInput | null | undefined;
  /** Variables of the card text, in order. */
  body?: Array<TemplateBodyParameterInput> | null | undefined;
  /** Parameters of the card's buttons. */
  buttons?: Array<TemplateButtonParameterInput> | null | undefined;
};

/** Amount of money, formatted by the customer's phone. */
export type TemplateCurrencyInput = {
  /** ISO 4217 currency code, such as EUR. */
  code: string;
  /** Amount, such as "12.50"; up to three decimals. */
  amount: string;
  /** Text shown if the phone can't format the amount, and in previews and histories. */
  fallbackValue: string;
};

/** Date and time, formatted by the customer's phone. */
export type TemplateDateTimeInput = {
  /** Text shown if the phone can't format the date, and in previews and histories. */
  fallbackValue: string;
  /** Calendar of the year, month and day. */
  calendar?: TemplateCalendar | null | undefined;
  /** Year. */
  year?: number | null | undefined;
  /** Month, 1 to 12. */
  month?: number | null | undefined;
  /** Day of the month, 1 to 31. */
  dayOfMonth?: number | null | undefined;
  /** Day of the week, 1 (Monday) to 7 (Sunday). */
  dayOfWeek?: number | null | undefined;
  /** Hour, 0 to 23. */
  hour?: number | null | undefined;
  /** Minute, 0 to 59. */
  minute?: number | null | undefined;
};

/** Header document as a link or an upload. */
export type TemplateDocumentInput = {
  /** URL from which WhatsApp downloads the file: http:// or https://. */
  link?: string | null | undefined;
  /** Id of a file from `uploadMedia`, uploaded for the same account. */
  uploadId?: string | null | undefined;
  /** File name shown to the customer. */
  filename?: string | null | undefined;
};

/** Initial state of a flow. */
export type TemplateFlowInput = {
  /** Token returned with the customer's response. */
  token?: string | null | undefined;
  /** Initial data of the first screen: a JSON object. */
  data?: unknown;
};

/** Template header; exactly one kind must be given. */
export type TemplateHeaderInput =
  {   /** Value of the header's variable. */
  text: string; image?: never; video?: never; document?: never; location?: never; }
  |  { text?: never;   /** JPEG or PNG image. */
  image: TemplateMediaInput; video?: never; document?: never; location?: never; }
  |  { text?: never; image?: never;   /** MP4 or 3GPP video. */
  video: TemplateMediaInput; document?: never; location?: never; }
  |  { text?: never; image?: never; video?: never;   /** Document. */
  document: TemplateDocumentInput; location?: never; }
  |  { text?: never; image?: never; video?: never; document?: never;   /** Location. */
  location: TemplateLocationInput; };

/** Message template, by `templateId` or by `name` and `language`. Allowed outside the customer service window, which it does not open. */
export type TemplateInput = {
  /** Id of a template of the sending account. */
  templateId?: string | null | undefined;
  /** Name of the template. */
  name?: string | null | undefined;
  /** Language code, such as en_US. */
  language?: string | null | undefined;
  /** Parameters to fill in. */
  parameters?: TemplateParametersInput | null | undefined;
};

/** Header location. */
export type TemplateLocationInput = {
  /** Latitude in degrees. */
  latitude: number;
  /** Longitude in degrees. */
  longitude: number;
  /** Name of the place. */
  name: string;
  /** Address of the place. */
  address: string;
};

/** Header file as a link or an upload; carousel cards allow links only. */
export type TemplateMediaInput = {
  /** URL from which WhatsApp downloads the file: http:// or https://. */
  link?: string | null | undefined;
  /** Id of a file from `uploadMedia`, uploaded for the same account. */
  uploadId?: string | null | undefined;
};

/** Kind of value that a template parameter takes. */
export type TemplateParameterKind =
  /** Value of a variable, given as `text`, `currency` or `dateTime`. */
  | 'TEXT'
  /** Image. */
  | 'IMAGE'
  /** Video. */
  | 'VIDEO'
  /** Document. */
  | 'DOCUMENT'
  /** Location. */
  | 'LOCATION'
  /** End of the button's URL, given as `urlSuffix`. */
  | 'URL_SUFFIX'
  /** Text that is returned when the button is pressed, given as `payload`. */
  | 'PAYLOAD'
  /** Code that the button copies, given as `couponCode`. */
  | 'COUPON_CODE'
  /** Initial state of a flow, given as `flow`. */
  | 'FLOW'
  /** Product whose image is shown, given as `thumbnailProductRetailerId`. */
  | 'CATALOG'
  /** Time at which the offer expires, given as `offerExpiresAt`. */
  | 'EXPIRES_AT'
  /** Parameter that this server does not support; the template can't be sent here. */
  | 'OTHER';

/** Field of `TemplateParametersInput` that takes a parameter. */
export type TemplateParameterPlace =
  /** Given in `header`. */
  | 'HEADER'
  /** Given in `body`. */
  | 'BODY'
  /** Given in `buttons`. */
  | 'BUTTON'
  /** Given in `offerExpiresAt`. */
  | 'LIMITED_TIME_OFFER';

/** Parameters of a template; `Template.parameters` lists the required ones. */
export type TemplateParametersInput = {
  /** Variable, file or location of the header. */
  header?: TemplateHeaderInput | null | undefined;
  /** Variables of the body; numbered variables must be given in order. */
  body?: Array<TemplateBodyParameterInput> | null | undefined;
  /** Parameters of the buttons; omit buttons without parameters. */
  buttons?: Array<TemplateButtonParameterInput> | null | undefined;
  /** Cards of a carousel, in order. */
  cards?: Array<TemplateCardInput> | null | undefined;
  /** Time at which a limited-time offer expires. */
  offerExpiresAt?: string | null | undefined;
};

/** Text message. */
export type TextInput = {
  /** Text of 1 to 4,096 characters. */
  body: string;
  /** True if WhatsApp shows a preview of the first link. */
  previewUrl?: boolean | null | undefined;
};

/** Changes to a contact; omitted fields keep their values. */
export type UpdateContactInput = {
  /** Id of the contact. */
  contactId: string;
  /** Name given by your staff, up to 200 characters; null removes it. */
  name?: string | null | undefined;
  /** Labels that replace the current ones: up to 50, each up to 64 characters. */
  tags?: Array<string> | null | undefined;
  /** JSON object of up to 16 KiB that replaces the current one. */
  attributes?: unknown;
  /** True if the customer opted out of marketing messages. */
  marketingOptOut?: boolean | null | undefined;
};

/** Reason of a refusal. */
export type UserErrorCode =
  /** Not found, or outside your accounts. */
  | 'NOT_FOUND'
  /** A value is invalid; `field` is its path. */
  | 'INVALID_INPUT'
  /** The account is disabled. */
  | 'ACCOUNT_DISABLED'
  /** WhatsApp stopped the account; see its `health`. */
  | 'ACCOUNT_STOPPED'
  /** The customer service window is closed; send a template. */
  | 'WINDOW_CLOSED'
  /** The template does not exist, or its parameters are invalid. */
  | 'TEMPLATE_INVALID'
  /** The customer opted out of marketing messages. */
  | 'OPTED_OUT'
  /** The contact is blocked. */
  | 'CONTACT_BLOCKED'
  /** The idempotency key belongs to another message. */
  | 'IDEMPOTENCY_KEY_REUSED'
  /** The change conflicts with existing data. */
  | 'CONFLICT'
  /** WhatsApp refused the request. */
  | 'META_REFUSED'
  /** WhatsApp is unavailable. */
  | 'META_UNREACHABLE';

/** MP4 or 3GP video of up to 16 MB, as a link, an upload or a file. */
export type VideoInput = {
  /** URL from which WhatsApp downloads the file: http:// or https://. */
  link?: string | null | undefined;
  /** Id of a file from `uploadMedia`, uploaded for the same account. */
  uploadId?: string | null | undefined;
  /** File of a multipart request. */
  file?: Blob | null | undefined;
  /** Caption below the file, up to 1,024 characters. */
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
