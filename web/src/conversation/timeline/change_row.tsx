import { useViewer } from "../../connection/viewer.js";
import type { ChangeItemFragment } from "../../generated/graphql.js";
import type { Catalogue } from "../../language/en.js";
import { useLanguage, useText } from "../../language/language.js";
import { formatMoment, formatTime } from "../../language/times.js";
import styles from "./change_row.module.css";

export function ChangeRow({ change }: { change: ChangeItemFragment }) {
  const text = useText();
  const language = useLanguage();
  const ownId = useViewer().agent?.id;
  return (
    <p className={styles.change}>
      <bdi>{describeChange(text, change, ownId)}</bdi>
      <time dateTime={change.timestamp} title={formatMoment(language, change.timestamp)}>
        {formatTime(language, change.timestamp)}
      </time>
    </p>
  );
}

function describeChange(text: Catalogue, change: ChangeItemFragment, ownId: string | undefined): string {
  const nameOf = (agent: { id: string; name: string } | null, name: string | null = null) =>
    agent && agent.id === ownId ? text.you : (agent?.name ?? name ?? text.change.somebody);
  const actor = nameOf(change.actor, change.actorName);
  switch (change.kind) {
    case "ASSIGNED":
      return text.change.assigned(actor, nameOf(change.assignee));
    case "UNASSIGNED":
      return text.change.unassigned(actor);
    case "CLOSED":
      return text.change.closed(actor);
    case "REOPENED":
      return change.actorName === null ? text.change.reopenedByMessage : text.change.reopened(actor);
    case "TAGGED": {
      const tags = [...change.addedTags.map((tag) => `+${tag}`), ...change.removedTags.map((tag) => `−${tag}`)];
      return text.change.tagged(actor, tags.join(", "));
    }
  }
}
