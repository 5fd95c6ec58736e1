import { ArrowLeft, ChevronDown } from "lucide-react";
import { Menu, MenuLink } from "../parts/menu.js";
import { INBOX_URL, toManageUrl } from "../route.js";
import type { Page } from "./pages.js";
import { useManageText } from "./texts.js";
import styles from "./navigation.module.css";

interface NavigationProps {
  pages: readonly Page[];
  current: Page | undefined;
}

/** Links to the pages: beside them, or in a menu above if there is little room. */
export function Navigation({ pages, current }: NavigationProps) {
  const text = useManageText();
  return (
    <header className={styles.head}>
      <a className={styles.back} href={INBOX_URL}>
        <ArrowLeft className={styles.arrow} size={18} aria-hidden />
        {text.toInbox}
      </a>
      <nav className={styles.links} aria-label={text.navigation}>
        <ul>
          {pages.map(({ name, icon: Icon }) => (
            <li key={name}>
              <a href={toManageUrl(name)} aria-current={name === current?.name ? "page" : undefined}>
                <Icon size={18} aria-hidden />
                {text.pages[name]}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div className={styles.menu}>
        <Menu
          trigger={
            <button type="button" className={styles.trigger}>
              {current ? text.pages[current.name] : text.title}
              <ChevronDown size={16} aria-hidden />
            </button>
          }
        >
          {pages.map(({ name, icon }) => (
            <MenuLink key={name} icon={icon} href={toManageUrl(name)} isCurrent={name === current?.name}>
              {text.pages[name]}
            </MenuLink>
          ))}
        </Menu>
      </div>
    </header>
  );
}
