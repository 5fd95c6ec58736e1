import { ArrowLeft } from "lucide-react";
import { useEffect, useRef, type ReactNode } from "react";
import { useText } from "../../language/language.js";
import { TitleBar } from "../../parts/layout/section.js";
import styles from "./page_frame.module.css";

interface PageFrameProps {
  title: string;
  /** A sentence below the title. */
  help?: ReactNode;
  /** Buttons beside the title. */
  actions?: ReactNode;
  /** Link to the page above. */
  back?: { href: string; label: string };
  children: ReactNode;
}

/** A page of the administration. Its title gets the focus, so that screen readers read where they are. */
export function PageFrame({ title, help, actions, back, children }: PageFrameProps) {
  const text = useText();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  useEffect(() => {
    document.title = `${title} – ${text.appName}`;
    return () => void (document.title = text.appName);
  }, [title, text]);
  return (
    <div className={styles.frame}>
      {back && (
        <a className={styles.back} href={back.href}>
          <ArrowLeft className={styles.arrow} size={16} aria-hidden />
          {back.label}
        </a>
      )}
      <TitleBar help={help} actions={actions}>
        <h1 ref={heading} tabIndex={-1} dir="auto">
          {title}
        </h1>
      </TitleBar>
      {children}
    </div>
  );
}
