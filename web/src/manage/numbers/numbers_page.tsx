import { ConnectPage } from "../connect/connect_page.js";
import type { PageProps } from "../pages.js";
import { NumberList } from "./number_list.js";
import { NumberPage } from "./number_page.js";

/** The list of numbers, one of them, or the wizard that connects one. */
export function NumbersPage({ path: [accountId, view, step] }: PageProps) {
  if (!accountId) return <NumberList />;
  if (accountId === "new") return <ConnectPage accountId={null} step={undefined} />;
  if (view === "connect") return <ConnectPage accountId={accountId} step={step} />;
  return <NumberPage key={accountId} accountId={accountId} />;
}
