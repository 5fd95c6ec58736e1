import type { ReactNode } from "react";
import buttonStyles from "./button.module.css";
import styles from "./button_link.module.css";

interface ButtonLinkProps {
  href: string;
  isPrimary?: boolean;
  children: ReactNode;
}

/** A link that looks like a button: it leads to another page. */
export const ButtonLink = ({ href, isPrimary = false, children }: ButtonLinkProps) => (
  <a className={`${buttonStyles.button} ${isPrimary ? buttonStyles.primary : styles.plain} ${styles.link}`} href={href}>
    {children}
  </a>
);
