import { useQuery } from "@apollo/client/react";
import { useLiveEvents, useRetry } from "@wagraph/client/react";
import { useEffect, useRef } from "react";
import { ContactRelationsDocument, type ContactSummaryFragment } from "../generated/graphql.js";

interface Relations {
  /** Contacts that WhatsApp takes for the same person. */
  duplicates: readonly ContactSummaryFragment[];
  /** Other contacts that are linked to the same person. */
  others: readonly ContactSummaryFragment[];
}

const NONE: never[] = [];
/** Each message of the customer changes the contact. */
const RELOAD_MILLISECONDS = 2_000;

/** The contacts that belong to the same customer, loaded again soon after the contact changed, once for many changes. */
export function useRelations(contactId: string): Relations {
  const { data, error, refetch } = useQuery(ContactRelationsDocument, {
    variables: { contactId },
    fetchPolicy: "cache-and-network",
  });
  useRetry(error, refetch);
  const reload = useRef<ReturnType<typeof setTimeout>>(undefined);
  useLiveEvents((event) => {
    const isOwn = event.__typename === "ContactUpdated" && event["contact"].id === contactId;
    if (!isOwn || reload.current) return;
    reload.current = setTimeout(() => {
      reload.current = undefined;
      // Its failure is shown nowhere: the next change tries again.
      refetch().catch(() => {});
    }, RELOAD_MILLISECONDS);
  });
  useEffect(() => () => (clearTimeout(reload.current), (reload.current = undefined)), [contactId]);
  const contact = data?.contact;
  return {
    duplicates: contact?.possibleDuplicates ?? NONE,
    others: contact?.user?.contacts.nodes.filter(({ id }) => id !== contactId) ?? NONE,
  };
}
