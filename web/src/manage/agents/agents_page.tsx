import { Users } from "lucide-react";
import { useState } from "react";
import { useViewer } from "../../connection/viewer.js";
import { ManagedAgentsDocument, type ManagedAgentFragment } from "../../generated/admin.js";
import { Avatar } from "../../parts/avatar.js";
import { Button } from "../../parts/button.js";
import { EmptyState } from "../../parts/empty_state.js";
import { toManageUrl } from "../../route.js";
import { AccountNames } from "../access/account_names.js";
import { useAccessText } from "../access/texts.js";
import type { PageProps } from "../pages.js";
import { DataTable, type Column } from "../parts/data_table.js";
import { Filters, SelectFilter } from "../parts/filters.js";
import { PageFrame } from "../parts/page_frame.js";
import { useList } from "../parts/use_list.js";
import { AddAgentDialog } from "./add_agent_dialog.js";
import { AgentPage } from "./agent_page.js";
import { AgentState, LastSeen } from "./agent_state.js";
import styles from "./agents_page.module.css";
import { useAgentsText } from "./texts.js";

/** The list of agents, or the agent of the URL. */
export function AgentsPage({ path: [agentId] }: PageProps) {
  return agentId ? <AgentPage key={agentId} agentId={agentId} /> : <AgentList />;
}

const SHOWN = ["active", "inactive", "all"] as const;
type Shown = (typeof SHOWN)[number];
const IS_ACTIVE: Record<Shown, boolean | null> = { active: true, inactive: false, all: null };

function AgentList() {
  const [text, accessText] = [useAgentsText(), useAccessText()];
  const [shown, setShown] = useState<Shown>("active");
  const [isAdding, setAdding] = useState(false);
  const list = useList(ManagedAgentsDocument, { active: IS_ACTIVE[shown] }, ({ agents }) => agents);
  const columns: Column<ManagedAgentFragment>[] = [
    { label: text.name, isMain: true, draw: (agent) => <AgentName agent={agent} /> },
    { label: accessText.role, draw: ({ role }) => (role ? accessText.roles[role] : text.noKey) },
    { label: accessText.numbers, draw: (agent) => <AccountNames access={agent} /> },
    { label: text.lastSeen, draw: (agent) => <LastSeen agent={agent} /> },
    { label: text.state, draw: (agent) => <AgentState agent={agent} /> },
  ];
  const add = (
    <Button isPrimary onClick={() => setAdding(true)}>
      {text.add}
    </Button>
  );
  const isInactive = shown === "inactive";
  const empty = (
    <EmptyState icon={Users} title={isInactive ? text.noneInactive : text.none}>
      <p>{isInactive ? text.noneInactiveHelp : text.noneHelp}</p>
    </EmptyState>
  );
  return (
    <PageFrame title={text.title} help={text.help} actions={add}>
      <Filters>
        <SelectFilter
          label={text.show}
          value={shown}
          options={SHOWN.map((value) => ({ value, label: text.shown[value] }))}
          onChange={setShown}
        />
      </Filters>
      <DataTable label={text.title} columns={columns} list={list} empty={empty} />
      {isAdding && <AddAgentDialog onAdded={() => void list.reload()} onClose={() => setAdding(false)} />}
    </PageFrame>
  );
}

function AgentName({ agent: { id, name, email } }: { agent: ManagedAgentFragment }) {
  const text = useAgentsText();
  const isOwn = useViewer().agent?.id === id;
  return (
    <div className={styles.agent}>
      <Avatar id={id} name={name} size="2.25rem" />
      <div>
        <a href={toManageUrl("agents", id)}>
          <bdi>{name}</bdi>
        </a>
        {isOwn && <span className={styles.own}>{text.you}</span>}
        {email && <bdi className={styles.email}>{email}</bdi>}
      </div>
    </div>
  );
}
