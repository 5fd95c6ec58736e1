/** Browsers have no notifications on pages without TLS. */
const HAS_NOTIFICATIONS = "Notification" in window && isSecureContext;

export const mayNotify = (): boolean => HAS_NOTIFICATIONS && Notification.permission === "granted";

/** Asks the user, who must have pressed a button. Returns true if notifications are allowed. */
export async function askToNotify(): Promise<boolean> {
  return HAS_NOTIFICATIONS && (await Notification.requestPermission()) === "granted";
}
