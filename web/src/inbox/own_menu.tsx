import { Keyboard, LogOut, Settings as Gear, SlidersHorizontal } from "lucide-react";
import { signOut } from "../connection/session.js";
import { useCanManage, useViewer } from "../connection/viewer.js";
import { LANGUAGE_NAMES, useText, type Language } from "../language/language.js";
import { NotificationMenu } from "../notifications/notification_menu.js";
import { IconButton } from "../parts/button.js";
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuLine, MenuLink } from "../parts/menu.js";
import { toManageUrl } from "../route.js";
import { useSettings, type Theme } from "../settings.js";

/** Administration, theme, language, notifications, help and sign-out. */
export function OwnMenu({ onHelp }: { onHelp(): void }) {
  const text = useText();
  const viewer = useViewer();
  const canManage = useCanManage();
  const { settings, change } = useSettings();
  const themes = Object.entries(text.themes).map(([value, label]) => ({ value, label }));
  const languages = Object.entries(LANGUAGE_NAMES).map(([value, label]) => ({ value, label }));
  return (
    <Menu trigger={<IconButton icon={Gear} label={text.settings} />}>
      <MenuLabel>
        <bdi>{text.signedInAs(viewer.agent?.name ?? viewer.name)}</bdi>
      </MenuLabel>
      {canManage && (
        <MenuLink icon={SlidersHorizontal} href={toManageUrl()}>
          {text.manage}
        </MenuLink>
      )}
      <MenuLine />
      <MenuChoice
        label={text.theme}
        value={settings.theme}
        options={themes}
        onChange={(theme) => change({ theme: theme as Theme })}
      />
      <MenuLine />
      <MenuChoice
        label={text.language}
        value={settings.language}
        options={languages}
        onChange={(language) => change({ language: language as Language })}
      />
      <MenuLine />
      <NotificationMenu />
      <MenuLine />
      <MenuItem icon={Keyboard} onSelect={onHelp}>
        {text.shortcuts}
      </MenuItem>
      <MenuItem icon={LogOut} onSelect={signOut}>
        {text.signOut}
      </MenuItem>
    </Menu>
  );
}
