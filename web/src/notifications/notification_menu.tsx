import { useText } from "../language/language.js";
import { MenuLabel, MenuToggle } from "../parts/menu.js";
import { showToast } from "../parts/toasts.js";
import { useSettings } from "../settings.js";
import { chime } from "./chime.js";
import { askToNotify, mayNotify } from "./permission.js";

/** The part of the own menu in which notifications are turned on. */
export function NotificationMenu() {
  const text = useText();
  const { settings, change } = useSettings();
  const notifies = settings.notifies && mayNotify();
  async function toggleNotifications() {
    if (notifies) return change({ notifies: false });
    if (await askToNotify()) change({ notifies: true });
    else showToast(text.notificationsRefused);
  }
  function toggleSound() {
    if (!settings.chimes) void chime();
    change({ chimes: !settings.chimes });
  }
  return (
    <>
      <MenuLabel>{text.newMessagesOfMine}</MenuLabel>
      <MenuToggle isOn={notifies} onToggle={() => void toggleNotifications()}>
        {text.notify}
      </MenuToggle>
      <MenuToggle
        isOn={settings.hidesPreviews}
        isDisabled={!notifies}
        onToggle={() => change({ hidesPreviews: !settings.hidesPreviews })}
      >
        {text.hidePreviews}
      </MenuToggle>
      <MenuToggle isOn={settings.chimes} onToggle={toggleSound}>
        {text.playSound}
      </MenuToggle>
    </>
  );
}
