import { useQuery } from "@apollo/client/react";
import { useRetry } from "@wagraph/client/react";
import { SearchX, WifiOff } from "lucide-react";
import { useDeferredValue, useEffect, useState } from "react";
import { nameContact } from "../contact/names.js";
import { SearchContactsDocument, SearchMessagesDocument, type SearchMessagesQuery } from "../generated/graphql.js";
import { useLanguage, useText } from "../language/language.js";
import { formatShort } from "../language/times.js";
import { Avatar } from "../parts/avatar.js";
import { EmptyState } from "../parts/empty_state.js";
import { toConversationUrl } from "../route.js";
import { useView } from "./view.js";
import styles from "./search_results.module.css";

const TYPING_MILLISECONDS = 200;

export function SearchResults({ search }: { search: string }) {
  const text = useText();
  const { accountId } = useView().view;
  const words = useDeferredValue(useDelayed(search));
  // Another search may have other results at any time.
  const options = { variables: { text: words, accountId }, fetchPolicy: "no-cache" } as const;
  const contacts = useQuery(SearchContactsDocument, options);
  const messages = useQuery(SearchMessagesDocument, options);
  useRetry(contacts.error, contacts.refetch);
  useRetry(messages.error, messages.refetch);
  const people = contacts.data?.contacts?.nodes ?? [];
  const hits = messages.data?.searchMessages?.edges ?? [];
  const isLoading = contacts.loading || messages.loading;
  if (people.length + hits.length === 0 && (contacts.error || messages.error)) {
    return <EmptyState icon={WifiOff} title={text.unreachable} />;
  }
  if (!isLoading && people.length + hits.length === 0) {
    return (
      <EmptyState icon={SearchX} title={text.searchNothing}>
        <p>{text.searchHint}</p>
      </EmptyState>
    );
  }
  return (
    <div className={styles.results} aria-busy={isLoading}>
      {people.length > 0 && (
        <section aria-label={text.searchContacts}>
          <h2>{text.searchContacts}</h2>
          <ul>
            {people.map((contact) => (
              <li key={contact.id}>
                <a className={styles.result} href={toConversationUrl(contact.conversation!.id)}>
                  <Avatar name={nameContact(text, contact)} id={contact.id} size="2rem" />
                  <span>
                    <bdi className={styles.name}>{nameContact(text, contact)}</bdi>
                    <span className={styles.detail}>{contact.phoneNumber ?? contact.username}</span>
                  </span>
                </a>
              </li>
            ))}
          </ul>
        </section>
      )}
      {hits.length > 0 && (
        <section aria-label={text.searchMessages}>
          <h2>{text.searchMessages}</h2>
          <ul>
            {hits.map((hit) => (
              <Hit key={hit.node.id} hit={hit} />
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

type MessageHit = NonNullable<SearchMessagesQuery["searchMessages"]>["edges"][number];

function Hit({ hit }: { hit: MessageHit }) {
  const text = useText();
  const language = useLanguage();
  const { id, conversation, timestamp } = hit.node;
  return (
    <li>
      <a className={styles.result} href={toConversationUrl(conversation.id, id)}>
        <span className={styles.hit}>
          <span className={styles.line}>
            <bdi className={styles.name}>{nameContact(text, conversation.contact)}</bdi>
            <time dateTime={timestamp}>{formatShort(text, language, timestamp)}</time>
          </span>
          <span className={styles.text} dir="auto">
            {markParts(hit).map(({ part, isMarked }, index) => (isMarked ? <mark key={index}>{part}</mark> : part))}
          </span>
        </span>
      </a>
    </li>
  );
}

const CONTEXT_CHARACTERS = 30;

/** Splits the text around the first match into parts, of which some are marked. */
function markParts({ node, highlights }: MessageHit): { part: string; isMarked: boolean }[] {
  const text = node.text ?? "";
  const start = Math.max((highlights[0]?.start ?? 0) - CONTEXT_CHARACTERS, 0);
  const parts = [{ part: start > 0 ? "…" : "", isMarked: false }];
  let end = start;
  for (const highlight of highlights) {
    parts.push({ part: text.slice(end, highlight.start), isMarked: false });
    end = highlight.start + highlight.length;
    parts.push({ part: text.slice(highlight.start, end), isMarked: true });
  }
  parts.push({ part: text.slice(end), isMarked: false });
  return parts.filter(({ part }) => part);
}

/** Follows a value once it has stayed the same for a moment. */
function useDelayed(value: string): string {
  const [delayed, setDelayed] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setDelayed(value), TYPING_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [value]);
  return delayed;
}
