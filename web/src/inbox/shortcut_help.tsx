import { useText } from "../language/language.js";
import { Dialog } from "../parts/dialog.js";
import styles from "./shortcut_help.module.css";

export function ShortcutHelp({ onClose }: { onClose(): void }) {
  const text = useText();
  return (
    <Dialog title={text.shortcuts} size="24rem" onClose={onClose}>
      <dl className={styles.list}>
        {text.shortcutList.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
