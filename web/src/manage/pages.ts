import { FileStack, KeyRound, MessageSquareReply, ScrollText, Smartphone, TriangleAlert, Users, type LucideIcon } from "lucide-react";
import type { ComponentType } from "react";
import type { Role } from "../generated/graphql.js";
import { loadLater } from "../parts/load_later.js";
import type { PageName } from "./texts.js";

export interface PageProps {
  /** The parts of the URL behind the page's name, such as an id. */
  path: readonly string[];
}

export interface Page {
  /** Its part of the URL. */
  name: PageName;
  icon: LucideIcon;
  roles: readonly Role[];
  View: ComponentType<PageProps>;
}

/** The pages in the order of the navigation. */
export const PAGES: readonly Page[] = [
  {
    name: "numbers",
    icon: Smartphone,
    roles: ["ADMIN"],
    View: loadLater(async () => (await import("./numbers/numbers_page.js")).NumbersPage),
  },
  {
    name: "templates",
    icon: FileStack,
    roles: ["ADMIN", "AGENT"],
    View: loadLater(async () => (await import("./templates/templates_page.js")).TemplatesPage),
  },
  {
    name: "agents",
    icon: Users,
    roles: ["ADMIN"],
    View: loadLater(async () => (await import("./agents/agents_page.js")).AgentsPage),
  },
  {
    name: "keys",
    icon: KeyRound,
    roles: ["ADMIN"],
    View: loadLater(async () => (await import("./keys/keys_page.js")).KeysPage),
  },
  {
    name: "quick-replies",
    icon: MessageSquareReply,
    roles: ["ADMIN", "AGENT"],
    View: loadLater(async () => (await import("./quick_replies/quick_replies_page.js")).QuickRepliesPage),
  },
  {
    name: "failed-webhooks",
    icon: TriangleAlert,
    roles: ["ADMIN"],
    View: loadLater(async () => (await import("./failed_webhooks/failed_webhooks_page.js")).FailedWebhooksPage),
  },
  {
    name: "audit",
    icon: ScrollText,
    roles: ["ADMIN"],
    View: loadLater(async () => (await import("./audit/audit_page.js")).AuditPage),
  },
];
