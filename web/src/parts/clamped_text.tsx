import { useLayoutEffect, useRef, useState } from "react";
import { makeTexts } from "../language/language.js";
import styles from "./clamped_text.module.css";

const en = { all: "Show all", less: "Show less" };
const es: typeof en = { all: "Mostrar todo", less: "Mostrar menos" };
const useOwnTexts = makeTexts({ en, es });

/** A text of at most three lines, with a button that shows the rest. */
export function ClampedText({ children }: { children: string }) {
  const words = useOwnTexts();
  const box = useRef<HTMLElement>(null);
  const [isOpen, setOpen] = useState(false);
  const [isLong, setLong] = useState(false);
  useLayoutEffect(() => {
    const element = box.current!;
    if (isOpen) return;
    const observer = new ResizeObserver(() => setLong(element.scrollHeight > element.clientHeight + 1));
    observer.observe(element);
    return () => observer.disconnect();
  }, [isOpen, children]);
  return (
    <span className={styles.frame}>
      <bdi ref={box} className={styles.text} data-open={isOpen || undefined}>
        {children}
      </bdi>
      {isLong && (
        <button type="button" className={styles.button} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? words.less : words.all}
        </button>
      )}
    </span>
  );
}
