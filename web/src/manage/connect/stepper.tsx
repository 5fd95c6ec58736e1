import { Check } from "lucide-react";
import { useConnectText } from "./texts.js";
import styles from "./stepper.module.css";

/** The steps of the wizard, with the current one and those that are done. */
export function Stepper({ current }: { current: number }) {
  const text = useConnectText();
  return (
    <ol className={styles.steps} aria-label={text.progress}>
      {text.steps.map((name, index) => (
        <li key={name} data-done={index < current || undefined} aria-current={index === current ? "step" : undefined}>
          <span className={styles.mark}>{index < current ? <Check size={14} aria-label={text.done} role="img" /> : index + 1}</span>
          {name}
        </li>
      ))}
    </ol>
  );
}
