import { FileStack } from "lucide-react";
import { useState } from "react";
import { useViewer } from "../../connection/viewer.js";
import { EmptyState } from "../../parts/empty_state.js";
import type { PageProps } from "../pages.js";
import { PageFrame } from "../parts/page_frame.js";
import { ANY, type TemplateFilters } from "./template_filters.js";
import { TemplateList } from "./template_list.js";
import { TemplatePage } from "./template_page.js";
import { useTemplatesText } from "./texts.js";

/** The templates of a number, or one of them. The filters stay while a template is shown. */
export function TemplatesPage({ path: [accountId, templateId] }: PageProps) {
  const [filters, setFilters] = useState<TemplateFilters>(ANY);
  const accounts = useViewer().accounts.nodes;
  const account = accounts.find(({ id }) => id === accountId) ?? accounts[0];
  if (!account) return <NoAccounts />;
  if (templateId) return <TemplatePage key={templateId} accountId={account.id} templateId={templateId} />;
  return <TemplateList key={account.id} accountId={account.id} filters={filters} onFilter={setFilters} />;
}

function NoAccounts() {
  const text = useTemplatesText();
  return (
    <PageFrame title={text.title}>
      <EmptyState icon={FileStack} title={text.noAccounts}>
        <p>{text.noAccountsHelp}</p>
      </EmptyState>
    </PageFrame>
  );
}
