import { Copy, ExternalLink, Phone, Reply, SquareMousePointer } from "lucide-react";
import { useLanguage } from "../../language/language.js";
import { formatMoment } from "../../language/times.js";
import type { PreviewTemplateQuery } from "../../generated/graphql.js";
import { FormattedText } from "../formatted_text.js";
import { HeaderMedia } from "./header_media.js";
import styles from "./content.module.css";

export type TemplateContent = NonNullable<NonNullable<PreviewTemplateQuery["previewTemplate"]>["content"]>;

const ICONS: Record<string, typeof Reply> = {
  URL: ExternalLink,
  PHONE_NUMBER: Phone,
  VOICE_CALL: Phone,
  COPY_CODE: Copy,
  OTP: Copy,
  FLOW: SquareMousePointer,
};

/** A template as the customer sees it. */
export function TemplateView({ template }: { template: TemplateContent }) {
  const language = useLanguage();
  const { header, body, footer, offer, cards } = template;
  return (
    <div>
      {header && <HeaderMedia header={header} />}
      {offer && (
        <p className={styles.title}>
          <bdi>{offer.text}</bdi> {offer.expiresAt && formatMoment(language, offer.expiresAt)}
        </p>
      )}
      <FormattedText text={body} />
      {footer && (
        <p className={styles.muted} dir="auto">
          {footer}
        </p>
      )}
      <Buttons buttons={template.buttons} />
      {cards.map((card, index) => (
        <section key={index} className={styles.section}>
          {card.header && <HeaderMedia header={{ text: null, link: null, ...card.header }} />}
          <FormattedText text={card.body} />
          <Buttons buttons={card.buttons} />
        </section>
      ))}
    </div>
  );
}

function Buttons({ buttons }: { buttons: TemplateContent["buttons"] }) {
  if (buttons.length === 0) return null;
  return (
    <ul className={styles.buttons}>
      {buttons.map(({ buttonType, title }, index) => {
        const Icon = ICONS[buttonType] ?? Reply;
        return (
          <li key={index}>
            <Icon size={14} aria-hidden />
            <bdi>{title}</bdi>
          </li>
        );
      })}
    </ul>
  );
}
