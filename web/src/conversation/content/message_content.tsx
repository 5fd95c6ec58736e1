import { FormattedText } from "../formatted_text.js";
import type { MessageItem } from "../timeline/timeline_rows.js";
import { CallLine, ContactCards, OrderList, Place, ReplyChoice, SystemLine } from "./cards.js";
import { InteractiveView } from "./interactive_view.js";
import { MediaView } from "./media_view.js";
import { TemplateView } from "./template_view.js";
import { UnsupportedView } from "./unsupported_view.js";

/** Fields of a message that its content shows. */
export type ShownMessage = Pick<MessageItem, "id" | "text" | "content">;

/** The content of a message by its kind. */
export function MessageContent({ message }: { message: ShownMessage }) {
  const { content } = message;
  switch (content?.__typename) {
    case "TextContent":
      return <FormattedText text={content.body} />;
    case "MediaContent":
      return <MediaView messageId={message.id} media={content} />;
    case "LocationContent":
      return <Place place={content} />;
    case "ContactsContent":
      return <ContactCards contacts={content.contacts} />;
    case "TemplateContent":
      return <TemplateView template={content} />;
    case "InteractiveContent":
      return <InteractiveView interactive={content} />;
    case "InteractiveReplyContent":
      return <ReplyChoice reply={content} />;
    case "OrderContent":
      return <OrderList order={content} />;
    case "SystemContent":
      return <SystemLine system={content} />;
    case "CallContent":
      return <CallLine call={content} />;
    case "UnsupportedContent":
      return <UnsupportedView content={content} />;
    default:
      // A reaction is shown at its message.
      return <FormattedText text={message.text ?? ""} />;
  }
}
