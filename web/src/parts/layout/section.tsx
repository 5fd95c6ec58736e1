import { useId, type ReactNode } from "react";
import styles from "./section.module.css";

interface TitleBarProps {
  /** A sentence below the title. */
  help?: ReactNode;
  /** Buttons beside the title. */
  actions?: ReactNode;
  /** The heading. */
  children: ReactNode;
}

export const TitleBar = ({ help, actions, children }: TitleBarProps) => (
  <header className={styles.bar}>
    <div>
      {children}
      {help && <p className={styles.help}>{help}</p>}
    </div>
    {actions && <div className={styles.actions}>{actions}</div>}
  </header>
);

interface SectionProps extends TitleBarProps {
  title: string;
  /** True for a section of a narrow panel, which has a line above instead of a frame. */
  isPlain?: boolean;
}

/** A titled part of a page or panel. */
export function Section({ title, isPlain = false, help, actions, children }: SectionProps) {
  const titleId = useId();
  const Heading = isPlain ? "h3" : "h2";
  return (
    <section className={isPlain ? styles.plain : styles.card} aria-labelledby={titleId}>
      <TitleBar help={help} actions={actions}>
        <Heading id={titleId}>{title}</Heading>
      </TitleBar>
      {children}
    </section>
  );
}
