import type { MessageKind } from "../composer/more_menu.js";
import { ButtonsDialog } from "./interactive/buttons_dialog.js";
import { ContactsDialog } from "./contacts/contacts_dialog.js";
import { LinkDialog } from "./interactive/link_dialog.js";
import { ListDialog } from "./interactive/list_dialog.js";
import { LocationDialog } from "./location_dialog.js";
import { RequestDialog } from "./interactive/request_dialog.js";
import type { FormTarget } from "./use_send_form.js";

const DIALOGS = {
  location: LocationDialog,
  contacts: ContactsDialog,
  buttons: ButtonsDialog,
  list: ListDialog,
  link: LinkDialog,
};

/** The form for a kind of message that is not typed. */
export function SpecialDialog({ kind, ...target }: FormTarget & { kind: MessageKind }) {
  if (kind === "locationRequest" || kind === "contactRequest") return <RequestDialog kind={kind} {...target} />;
  const Dialog = DIALOGS[kind];
  return <Dialog {...target} />;
}
