import { Plus, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import { Button, IconButton } from "../parts/button.js";
import styles from "./group.module.css";

interface GroupProps {
  title: string;
  /** Name of the button that removes the group; without it, the group stays. */
  removeLabel?: string | undefined;
  onRemove?(): void;
  children: ReactNode;
}

/** Fields that belong together, such as those of a section. */
export function Group({ title, removeLabel, onRemove, children }: GroupProps) {
  return (
    <fieldset className={styles.group}>
      <legend>{title}</legend>
      {children}
      {removeLabel && <IconButton className={styles.remove} icon={Trash2} label={removeLabel} onClick={onRemove} />}
    </fieldset>
  );
}

interface AddButtonProps {
  children: string;
  onClick(): void;
}

export function AddButton({ children, onClick }: AddButtonProps) {
  return (
    <Button className={styles.add} onClick={onClick}>
      <Plus size={16} aria-hidden />
      {children}
    </Button>
  );
}
