import { ContactRound, ExternalLink, List, MapPin, SquareMousePointer } from "lucide-react";
import { useText } from "../../language/language.js";
import { FormattedText } from "../formatted_text.js";
import type { MessageItem } from "../timeline/timeline_rows.js";
import { HeaderMedia } from "./header_media.js";
import styles from "./content.module.css";

type Interactive = Extract<NonNullable<MessageItem["content"]>, { __typename: "InteractiveContent" }>;

/** A message with buttons, a list or a link, as the customer saw it. */
export function InteractiveView({ interactive }: { interactive: Interactive }) {
  const text = useText();
  const { interactiveKind, header, body, footer, buttons, listButton, sections, link, flow } = interactive;
  return (
    <div>
      {header && <HeaderMedia header={header} />}
      <FormattedText text={body} />
      {footer && (
        <p className={styles.muted} dir="auto">
          {footer}
        </p>
      )}
      {sections.map(({ title, rows }, index) => (
        <section key={index} className={styles.section}>
          {title && (
            <h3>
              <bdi>{title}</bdi>
            </h3>
          )}
          <ul className={styles.list}>
            {rows.map((row, place) => (
              <li key={place}>
                <bdi>{row.title}</bdi>
                {row.description && <bdi className={styles.muted}> · {row.description}</bdi>}
              </li>
            ))}
          </ul>
        </section>
      ))}
      <ul className={styles.buttons}>
        {buttons.map(({ title }, index) => (
          <li key={index}>
            <bdi>{title}</bdi>
          </li>
        ))}
        {listButton && (
          <li>
            <List size={14} aria-hidden />
            <bdi>{listButton}</bdi>
          </li>
        )}
        {link?.displayText && (
          <li>
            <ExternalLink size={14} aria-hidden />
            <bdi>{link.displayText}</bdi>
          </li>
        )}
        {flow?.cta && (
          <li>
            <SquareMousePointer size={14} aria-hidden />
            <bdi>{flow.cta}</bdi>
          </li>
        )}
        {interactiveKind === "LOCATION_REQUEST" && (
          <li>
            <MapPin size={14} aria-hidden />
            {text.message.sendLocation}
          </li>
        )}
        {interactiveKind === "CONTACT_REQUEST" && (
          <li>
            <ContactRound size={14} aria-hidden />
            {text.message.sharePhone}
          </li>
        )}
      </ul>
    </div>
  );
}
