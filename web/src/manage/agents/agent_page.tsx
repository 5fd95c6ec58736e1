import { useQuery } from "@apollo/client/react";
import { useRetry } from "@wagraph/client/react";
import { UserRoundX } from "lucide-react";
import { useState } from "react";
import { AssignedConversationsDocument, ManagedAgentDocument, type ManagedAgentFragment } from "../../generated/admin.js";
import { Button } from "../../parts/button.js";
import { EmptyState } from "../../parts/empty_state.js";
import { Fact, Facts } from "../../parts/layout/facts.js";
import { Section } from "../../parts/layout/section.js";
import { toManageUrl } from "../../route.js";
import { AccountNames } from "../access/account_names.js";
import { useAccessText } from "../access/texts.js";
import { KeyDialog } from "../keys/key_dialog.js";
import { KeyTable, useKeys } from "../keys/key_table.js";
import { PageFrame } from "../parts/page_frame.js";
import { AgentState, LastSeen } from "./agent_state.js";
import styles from "./agents_page.module.css";
import { EditAgentDialog } from "./edit_agent_dialog.js";
import { HandOverDialog } from "./hand_over_dialog.js";
import { RetireDialog } from "./retire_dialog.js";
import { useAgentsText } from "./texts.js";

/** An agent with its keys and open conversations. */
export function AgentPage({ agentId }: { agentId: string }) {
  const text = useAgentsText();
  const { data, error, refetch } = useQuery(ManagedAgentDocument, {
    variables: { id: agentId },
    fetchPolicy: "cache-and-network",
    // An id that is none is answered with an error: the agent does not exist.
    errorPolicy: "all",
  });
  useRetry(error, refetch);
  if (data?.agent) return <Content agent={data.agent} reload={() => void refetch()} />;
  if (!data) return null;
  return (
    <PageFrame title={text.notFound} back={{ href: toManageUrl("agents"), label: text.title }}>
      <EmptyState icon={UserRoundX} title={text.notFound}>
        <p>{text.notFoundHelp}</p>
      </EmptyState>
    </PageFrame>
  );
}

type Open = "edit" | "retire" | "key" | "handOver";

function Content({ agent, reload }: { agent: ManagedAgentFragment; reload(): void }) {
  const [text, accessText] = [useAgentsText(), useAccessText()];
  const keys = useKeys(agent.id);
  const conversations = useOpenConversations(agent.id);
  const hasConversations = conversations.count !== null && conversations.count !== "0";
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const actions = (
    <>
      <Button onClick={() => setOpen("edit")}>{text.edit}</Button>
      <Button onClick={() => setOpen("retire")}>{agent.retiredAt ? text.reactivate : text.retire}</Button>
    </>
  );
  return (
    <PageFrame title={agent.name} actions={actions} back={{ href: toManageUrl("agents"), label: text.title }}>
      <Facts>
        <Fact label={text.state}>
          <AgentState agent={agent} />
        </Fact>
        <Fact label={text.email}>
          <bdi>{agent.email ?? "–"}</bdi>
        </Fact>
        <Fact label={accessText.role}>{agent.role ? accessText.roles[agent.role] : text.noKey}</Fact>
        <Fact label={accessText.numbers}>
          <AccountNames access={agent} />
        </Fact>
        <Fact label={text.lastSeen}>
          <LastSeen agent={agent} />
        </Fact>
      </Facts>
      <Section
        title={text.conversations}
        help={text.conversationsHelp}
        actions={hasConversations && <Button onClick={() => setOpen("handOver")}>{text.handOver}</Button>}
      >
        <p className={styles.conversations}>{conversations.count ?? "…"}</p>
      </Section>
      <Section
        title={text.keys}
        help={text.keysHelp}
        actions={!agent.retiredAt && <Button onClick={() => setOpen("key")}>{text.createKey}</Button>}
      >
        <KeyTable list={keys} isOfAgent />
      </Section>
      {open === "edit" && <EditAgentDialog agent={agent} onClose={close} />}
      {open === "retire" && <RetireDialog agent={agent} count={hasConversations ? conversations.count : null} onClose={close} />}
      {open === "key" && <KeyDialog agent={agent} onCreated={() => (reload(), void keys.reload())} onClose={close} />}
      {open === "handOver" && <HandOverDialog agent={agent} onDone={conversations.reload} onClose={close} />}
    </PageFrame>
  );
}

/** The number of open conversations of an agent, such as "12" or "10000+"; null until it is known. */
function useOpenConversations(agentId: string): { count: string | null; reload(): void } {
  const { data, error, refetch } = useQuery(AssignedConversationsDocument, {
    variables: { filter: { statuses: ["OPEN"], assignee: { is: agentId } } },
    fetchPolicy: "cache-and-network",
  });
  const found = data?.conversationCounts?.[0];
  useRetry(error, refetch);
  const count = found ? `${found.value}${found.isCapped ? "+" : ""}` : null;
  return { count, reload: () => void refetch() };
}
