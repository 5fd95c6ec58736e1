// What a message says: the type of Message.content that its stored content makes.

const MEDIA = new Set(["image", "video", "audio", "document", "sticker"]);
const REPLIES = new Set([
  "button_reply", "list_reply", "nfm_reply", "address_message", "call_permission_reply",
]);
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isFilled = (value) => isObject(value) && Object.keys(value).length > 0;

export function readContent(message) {
  const { type, content } = message;
  if (type === "text" && typeof content.body === "string") {
    return {
      __typename: "TextContent",
      body: content.body,
      previewUrl: Boolean(content.preview_url),
    };
  }
  if (!isFilled(content)) return unsupported(message);
  if (MEDIA.has(type)) return readMedia(message);
  if (type === "location" && "latitude" in content && "longitude" in content) {
    return { __typename: "LocationContent", ...content };
  }
  const __typename = nameOther(message);
  return __typename ? { __typename } : unsupported(message);
}

const readMedia = ({ _id, type, content, media_state: state }) => ({
  __typename: "MediaContent",
  kind: type.toUpperCase(),
  mediaId: content.id,
  caption: content.caption,
  voice: Boolean(content.voice),
  state,
  toldType: content.mime_type,
  messageId: _id,
});

/** What is known of the file only once it is stored. */
export const MediaContent = {
  mimeType: async (content, _args, context) =>
    content.toldType ?? (await loadFile(content, context))?.mime_type ?? null,
  sizeBytes: async (content, _args, context) =>
    (await loadFile(content, context))?.size_bytes ?? null,
};

async function loadFile({ state, messageId }, { loaders, viewer }) {
  if (state !== "STORED") return null;
  const media = await loaders.media.load(messageId);
  return media && !media.erased_at && viewer.canSee(media.account_id) ? media : null;
}

/** The compared operations select nothing of these but their name. */
function nameOther({ direction, type, content }) {
  switch (type) {
    case "contacts":
      return content.contacts?.some?.(isObject) ? "ContactsContent" : null;
    case "interactive":
      if (REPLIES.has(content.type)) return "InteractiveReplyContent";
      return isFilled(content.action) ? "InteractiveContent" : null;
    case "button":
      return "InteractiveReplyContent";
    case "order":
      return content.product_items?.some?.(isObject) || typeof content.catalog_id === "string"
        ? "OrderContent"
        : null;
    case "reaction":
      return direction === "OUTBOUND" ? "ReactionContent" : null;
    case "system":
      return "SystemContent";
    case "template":
      return isFilled(content.shown) ? "TemplateContent" : null;
    default:
      return null;
  }
}

const unsupported = ({ type }) => ({ __typename: "UnsupportedContent", type });
