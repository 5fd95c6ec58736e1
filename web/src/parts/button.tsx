import type { LucideIcon } from "lucide-react";
import type { ComponentProps } from "react";
import styles from "./button.module.css";

interface ButtonProps extends ComponentProps<"button"> {
  isPrimary?: boolean;
  /** For actions that can't be undone. */
  isDangerous?: boolean;
}

export function Button({ isPrimary = false, isDangerous = false, className = "", ...rest }: ButtonProps) {
  const kinds = `${isPrimary ? styles.primary : ""} ${isDangerous ? styles.dangerous : ""}`;
  return <button type="button" className={`${styles.button} ${kinds} ${className}`} {...rest} />;
}

interface IconButtonProps extends ComponentProps<"button"> {
  icon: LucideIcon;
  /** Name for screen readers, and the tooltip. */
  label: string;
}

export function IconButton({ icon: Icon, label, className = "", ...rest }: IconButtonProps) {
  return (
    <button type="button" className={`${styles.icon} ${className}`} aria-label={label} title={label} {...rest}>
      <Icon size={18} aria-hidden />
    </button>
  );
}
