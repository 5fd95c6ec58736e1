import { useLiveStatus } from "@wagraph/client/react";
import { WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import { useText } from "../language/language.js";
import { Button } from "../parts/button.js";
import styles from "./offline_banner.module.css";

/** A connection that is back within this time is not worth a banner. */
const PATIENCE_MILLISECONDS = 1_500;

/** Warns that messages don't arrive, either for now or until the page is reloaded. */
export function OfflineBanner() {
  const text = useText();
  const status = useLiveStatus();
  const isEnded = status === "ended";
  const isOffline = isEnded || status === "offline";
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(isOffline), isOffline ? PATIENCE_MILLISECONDS : 0);
    return () => clearTimeout(timer);
  }, [isOffline]);
  return (
    <div role="status">
      {isShown && (
        <p className={styles.banner}>
          <WifiOff size={16} aria-hidden />
          {isEnded ? text.liveEnded : text.offline}
          {isEnded && <Button onClick={() => location.reload()}>{text.reloadPage}</Button>}
        </p>
      )}
    </div>
  );
}
