import { useViewer } from "../../connection/viewer.js";
import { useAccessText } from "./texts.js";

interface AccountNamesProps {
  /** A person or a key. */
  access: {
    coversAllAccounts: boolean;
    accounts: { nodes: readonly { id: string; name: string }[]; pageInfo: { hasNextPage: boolean } };
  };
}

/** The numbers that a person or key has access to, in words. */
export function AccountNames({ access: { coversAllAccounts, accounts } }: AccountNamesProps) {
  const text = useAccessText();
  const viewer = useViewer();
  const { nodes, pageInfo } = accounts;
  if (coversAllAccounts) return text.allNumbers;
  const hasAll = viewer.coversAllAccounts && nodes.length > 1 && nodes.length === viewer.accounts.nodes.length;
  if (hasAll) return text.presentNumbers(nodes.length);
  const names = nodes.map(({ name }) => name).join(", ");
  return <bdi>{pageInfo.hasNextPage ? text.andMore(names) : names || text.none}</bdi>;
}
