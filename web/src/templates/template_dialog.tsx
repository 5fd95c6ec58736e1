import { useQuery } from "@apollo/client/react";
import { FileStack } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { TemplatesDocument, type TemplatesQuery } from "../generated/graphql.js";
import { useText } from "../language/language.js";
import { Dialog } from "../parts/dialog.js";
import { EmptyState } from "../parts/empty_state.js";
import { TemplateForm } from "./template_form.js";
import styles from "./template_dialog.module.css";

export type Template = NonNullable<TemplatesQuery["templates"]>["nodes"][number];

interface TemplateDialogProps {
  conversationId: string;
  accountId: string;
  onClose(): void;
  onSend(): void;
}

/** Lets the user choose a template, fill it in and send it. */
export function TemplateDialog({ conversationId, accountId, onClose, onSend }: TemplateDialogProps) {
  const text = useText();
  const [template, setTemplate] = useState<Template | null>(null);
  return (
    <Dialog title={text.templates.title} size={template ? "46rem" : "34rem"} onClose={onClose}>
      {template ? (
        <TemplateForm
          conversationId={conversationId}
          accountId={accountId}
          template={template}
          onBack={() => setTemplate(null)}
          onSend={() => {
            onSend();
            onClose();
          }}
        />
      ) : (
        <TemplateList accountId={accountId} onChoose={setTemplate} />
      )}
    </Dialog>
  );
}

function TemplateList({ accountId, onChoose }: { accountId: string; onChoose(template: Template): void }) {
  const text = useText();
  const [search, setSearch] = useState("");
  const words = useDeferredValue(search.trim());
  const { data, previousData } = useQuery(TemplatesDocument, { variables: { accountId, search: words || null } });
  const templates = (data ?? previousData)?.templates?.nodes;
  return (
    <>
      <input
        className={styles.search}
        type="search"
        value={search}
        placeholder={text.templates.search}
        aria-label={text.templates.search}
        data-autofocus
        onChange={(event) => setSearch(event.target.value)}
      />
      {templates?.length === 0 ? (
        <EmptyState icon={FileStack} title={search ? text.searchNothing : text.templates.none}>
          {!search && <p>{text.templates.noneHelp}</p>}
        </EmptyState>
      ) : (
        <ul className={styles.list}>
          {templates?.map((template) => (
            <li key={template.id}>
              <button type="button" onClick={() => onChoose(template)}>
                <span>
                  <bdi className={styles.name}>{template.name}</bdi>
                  <span className={styles.language}>{template.language}</span>
                </span>
                <span className={styles.body} dir="auto">
                  {template.components.find(({ type }) => type === "BODY")?.text}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
