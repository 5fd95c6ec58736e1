import { TriangleAlert } from "lucide-react";
import { useViewer } from "../connection/viewer.js";
import { useText } from "../language/language.js";
import { explainCode } from "../parts/refusals/whatsapp_reasons.js";
import { toManageUrl } from "../route.js";
import styles from "./account_notices.module.css";

/** Says which numbers can't send, and why. */
export function AccountNotices() {
  const text = useText();
  const { role, accounts } = useViewer();
  const stopped = accounts.nodes.filter(({ health }) => health.state === "STOPPED");
  return (
    <div role="status">
      {stopped.map(({ id, name, health }) => (
        <p key={id} className={styles.notice}>
          <TriangleAlert size={16} aria-hidden />
          <span>
            {text.accountStopped(name, explainCode(text, health.whatsappCode ?? 0) ?? text.stopUnknown)}{" "}
            {role === "ADMIN" && <a href={toManageUrl("numbers", id)}>{text.solveStop}</a>}
          </span>
        </p>
      ))}
    </div>
  );
}
