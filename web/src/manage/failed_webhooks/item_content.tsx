import { useLazyQuery } from "@apollo/client/react";
import { FailedItemContentDocument } from "../../generated/admin.js";
import { Fact, Facts } from "../../parts/layout/facts.js";
import styles from "./failed_webhooks.module.css";
import { useFailedText } from "./texts.js";

/** The content as WhatsApp sent it, which may have megabytes: it is loaded when it is opened. */
export function ItemContent({ id }: { id: string }) {
  const text = useFailedText();
  // It is not kept in the cache.
  const [load, { data, error, called }] = useLazyQuery(FailedItemContentDocument, { fetchPolicy: "no-cache" });
  const content = data?.node?.__typename === "ParkedItem" ? data.node : null;
  return (
    <details
      className={styles.content}
      onToggle={({ currentTarget }) => currentTarget.open && !content && void load({ variables: { id } })}
    >
      <summary>{text.content}</summary>
      {content && (
        <>
          <Facts>
            <Fact label={text.place}>
              <code dir="ltr">{content.pointer || "/"}</code>
            </Fact>
            <Fact label={text.phoneNumberId}>
              <bdi>{content.phoneNumberId ?? "–"}</bdi>
            </Fact>
            <Fact label={text.businessAccountId}>
              <bdi>{content.businessAccountId ?? "–"}</bdi>
            </Fact>
          </Facts>
          <pre dir="ltr" tabIndex={0} aria-label={text.content}>
            {indent(content.item)}
          </pre>
        </>
      )}
      {called && !content && <p role="status">{error ? text.contentGone : text.loadingContent}</p>}
    </details>
  );
}

/** Returns JSON with line breaks, and any other text as it is. */
function indent(item: string): string {
  try {
    return JSON.stringify(JSON.parse(item), null, 2);
  } catch {
    return item;
  }
}
