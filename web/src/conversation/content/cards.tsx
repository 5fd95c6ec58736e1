import { MapPin, MousePointerClick, Phone, ShoppingCart, UserRound } from "lucide-react";
import { useLanguage, useText } from "../../language/language.js";
import { formatClock } from "../../language/times.js";
import { FormattedText } from "../formatted_text.js";
import type { MessageItem } from "../timeline/timeline_rows.js";
import styles from "./content.module.css";

type Content<Name> = Extract<NonNullable<MessageItem["content"]>, { __typename: Name }>;

export function Place({ place }: { place: Content<"LocationContent"> }) {
  const text = useText();
  const { latitude, longitude, name, address } = place;
  const url = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=17/${latitude}/${longitude}`;
  return (
    <div className={styles.card}>
      <MapPin size={22} aria-hidden />
      <div>
        <bdi className={styles.title}>{name ?? text.message.location}</bdi>
        <bdi className={styles.muted}>{address ?? `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`}</bdi>
        <a href={url} target="_blank" rel="noopener noreferrer">
          {text.message.openMap}
        </a>
      </div>
    </div>
  );
}

export function ContactCards({ contacts }: { contacts: Content<"ContactsContent">["contacts"] }) {
  const text = useText();
  return (
    <ul className={styles.list}>
      {contacts.map((contact, index) => (
        <li key={index} className={styles.card}>
          <UserRound size={22} aria-hidden />
          <div>
            <bdi className={styles.title}>{contact.name ?? text.message.contact}</bdi>
            {contact.company && <bdi className={styles.muted}>{contact.company}</bdi>}
            {[...contact.phones.map(({ phone }) => phone), ...contact.emails.map(({ value }) => value)].map((value) => (
              <bdi key={value} className={styles.muted}>
                {value}
              </bdi>
            ))}
          </div>
        </li>
      ))}
    </ul>
  );
}

/** The customer's choice from buttons or a list, or completed form. */
export function ReplyChoice({ reply }: { reply: Content<"InteractiveReplyContent"> }) {
  const text = useText();
  return (
    <div>
      <p className={styles.hint}>
        <MousePointerClick size={14} aria-hidden />
        {text.message.chose}
      </p>
      <FormattedText text={reply.title ?? reply.summary ?? reply.responseText ?? ""} />
      {reply.description && <bdi className={styles.muted}>{reply.description}</bdi>}
    </div>
  );
}

export function OrderList({ order }: { order: Content<"OrderContent"> }) {
  const text = useText();
  const language = useLanguage();
  const format = (price: string, currency: string | null) =>
    currency && /^[A-Z]{3}$/.test(currency)
      ? new Intl.NumberFormat(language, { style: "currency", currency }).format(Number(price))
      : `${price} ${currency ?? ""}`;
  return (
    <div className={styles.card}>
      <ShoppingCart size={22} aria-hidden />
      <div>
        <span className={styles.title}>{text.message.order}</span>
        {order.items.map(({ productRetailerId, quantity, price, currency }, index) => (
          <span key={index} className={styles.muted}>
            {quantity !== null && text.message.pieces(quantity)} <bdi>{productRetailerId}</bdi>
            {price !== null && ` · ${format(price, currency)}`}
          </span>
        ))}
        {order.note && <FormattedText text={order.note} />}
      </div>
    </div>
  );
}

export function CallLine({ call }: { call: Content<"CallContent"> }) {
  const text = useText();
  const duration = call.durationSeconds === null ? "" : ` · ${formatClock(call.durationSeconds)}`;
  return (
    <p className={styles.hint}>
      <Phone size={16} aria-hidden />
      {text.message.call}: {text.callStatus[call.callStatus]}
      {duration}
    </p>
  );
}

export function SystemLine({ system }: { system: Content<"SystemContent"> }) {
  const text = useText();
  const { systemKind, oldNumber, newNumber, notice } = system;
  if (systemKind === "WELCOME_REQUESTED") return <p className={styles.muted}>{text.message.welcome}</p>;
  const isNumber = systemKind === "NUMBER_CHANGED" && oldNumber && newNumber;
  const words = isNumber ? text.message.numberChanged(oldNumber, newNumber) : (notice ?? text.message.system);
  return (
    <p className={styles.muted}>
      <bdi>{words}</bdi>
    </p>
  );
}
