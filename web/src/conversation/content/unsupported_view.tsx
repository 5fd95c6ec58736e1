import type { MessageItem } from "../timeline/timeline_rows.js";
import { useContentText } from "./texts.js";
import contentStyles from "./content.module.css";
import styles from "./unsupported_view.module.css";

type Unsupported = Extract<NonNullable<MessageItem["content"]>, { __typename: "UnsupportedContent" }>;

/** A message of a kind that has no view: its name, and its data for those who can read them. */
export function UnsupportedView({ content }: { content: Unsupported }) {
  const words = useContentText();
  const { typeName, unsupportedType, reason, raw } = content;
  return (
    <div className={styles.unsupported}>
      <p className={contentStyles.muted}>
        <bdi>{words.unsupported(unsupportedType ?? typeName)}</bdi>
      </p>
      {reason && reason !== unsupportedType && (
        <p className={contentStyles.muted} dir="auto">
          {reason}
        </p>
      )}
      {raw != null && (
        <details>
          <summary>{words.raw}</summary>
          <pre dir="ltr" tabIndex={0}>
            {JSON.stringify(raw, null, 2)}
          </pre>
        </details>
      )}
    </div>
  );
}
