import { useQuery } from "@apollo/client/react";
import { AuditTargetsDocument, type AuditTargetsQuery, type LogEntryFragment } from "../../generated/admin.js";

/** As many as the server returns for one request. */
const MAX_NAMED = 100;

export type Target = LogEntryFragment["targets"][number];
type Node = NonNullable<NonNullable<AuditTargetsQuery["nodes"]>[number]>;

/** The current name of an object: null if it no longer exists, undefined if it is not known. */
export type NameTarget = (target: Target) => string | null | undefined;

/** The names of the objects of some entries, which are loaded together. */
export function useTargetNames(entries: readonly LogEntryFragment[]): NameTarget {
  const targets = entries.flatMap((entry) => entry.targets).filter(({ type }) => type !== "ParkedItem");
  const ids = [...new Set(targets.map(({ id }) => id))].slice(0, MAX_NAMED);
  const { data } = useQuery(AuditTargetsDocument, { variables: { ids }, skip: ids.length === 0 });
  const names = new Map(data?.nodes?.map((node, index) => [ids[index], node && nameNode(node)]));
  return ({ id }) => names.get(id);
}

function nameNode(node: Node): string | undefined {
  switch (node.__typename) {
    case "Account":
    case "Agent":
    case "ApiKey":
      return node.name;
    case "Contact":
      return nameContact(node);
    case "Conversation":
      return nameContact(node.contact);
    case "QuickReply":
      return `/${node.shortcut}`;
    case "User":
      return node.userName ?? undefined;
    default:
      return undefined;
  }
}

const nameContact = ({ contactName, profileName }: { contactName: string | null; profileName: string | null }) =>
  contactName ?? profileName ?? undefined;

/** The name of an action's object, or of its number if there is no other object. */
export function nameMainTarget(targets: readonly Target[], nameTarget: NameTarget): string | null | undefined {
  const main = targets.find(({ type }) => type !== "Account") ?? targets[0];
  return main && nameTarget(main);
}
