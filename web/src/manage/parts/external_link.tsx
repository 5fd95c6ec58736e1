import { ExternalLink as Arrow } from "lucide-react";
import type { ReactNode } from "react";
import { useManageText } from "../texts.js";
import styles from "./external_link.module.css";

/** A link to a page of another host, in a tab of its own. */
export function ExternalLink({ href, children }: { href: string; children: ReactNode }) {
  const text = useManageText();
  return (
    <a className={styles.link} href={href} target="_blank" rel="noreferrer">
      {children}
      <Arrow size={14} role="img" aria-label={text.opensNewTab} />
    </a>
  );
}
