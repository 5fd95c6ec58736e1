import { useQuery } from "@apollo/client/react";
import { ChevronDown } from "lucide-react";
import { useState } from "react";
import { useViewer } from "../connection/viewer.js";
import { AgentsDocument, type ConversationRowFragment } from "../generated/graphql.js";
import { useText } from "../language/language.js";
import { Button } from "../parts/button.js";
import { Menu, MenuChoice } from "../parts/menu.js";
import { useAllPages } from "../parts/use_all_pages.js";
import { useConversationChanges } from "./use_conversation_changes.js";
import styles from "./assign_menu.module.css";

const NOBODY = "nobody";

export function AssignMenu({ conversation }: { conversation: ConversationRowFragment }) {
  const text = useText();
  const ownId = useViewer().agent?.id;
  const { assign } = useConversationChanges(conversation);
  const [isOpen, setOpen] = useState(false);
  const { assignee, account } = conversation;
  const { data, fetchMore } = useQuery(AgentsDocument, {
    variables: { accountId: account.id },
    skip: !isOpen,
    fetchPolicy: "cache-and-network",
  });
  useAllPages(data?.agents ?? undefined, fetchMore);
  const agents = data?.agents?.nodes ?? [];
  const options = [
    { value: NOBODY, label: text.nobody },
    ...agents.map(({ id, name, isOnline }) => ({
      value: id,
      label: (
        <>
          <bdi>{id === ownId ? text.you : name}</bdi>
          {isOnline && <span className={styles.online}>{text.online}</span>}
        </>
      ),
    })),
  ];
  const name = assignee ? (assignee.id === ownId ? text.you : assignee.name) : text.nobody;
  return (
    <Menu
      onOpenChange={setOpen}
      trigger={
        <Button aria-label={`${text.assign}: ${name}`} title={text.assign}>
          <bdi className={styles.name}>{name}</bdi>
          <ChevronDown size={14} aria-hidden />
        </Button>
      }
    >
      <MenuChoice
        label={text.assign}
        value={assignee?.id ?? NOBODY}
        options={options}
        onChange={(id) => void assign(id === NOBODY ? null : id)}
      />
    </Menu>
  );
}
