import { Lock } from "lucide-react";
import { Suspense } from "react";
import { OfflineBanner } from "../connection/offline_banner.js";
import { useViewer } from "../connection/viewer.js";
import { EmptyState } from "../parts/empty_state.js";
import { Navigation } from "./navigation.js";
import { PAGES, type Page } from "./pages.js";
import { useManageText } from "./texts.js";
import styles from "./manage_page.module.css";

/** The administration: the navigation with one of its pages. */
export function ManagePage({ path }: { path: readonly string[] }) {
  const { role } = useViewer();
  const pages = PAGES.filter(({ roles }) => roles.includes(role));
  const [name, ...rest] = path;
  const page = name === undefined ? pages[0] : pages.find((each) => each.name === name);
  return (
    <div className={styles.page}>
      <OfflineBanner />
      <div className={styles.panes}>
        <Navigation pages={pages} current={page} />
        <main className={styles.main}>
          {page ? <Content page={page} path={rest} /> : <NotAllowed />}
        </main>
      </div>
    </div>
  );
}

const Content = ({ page: { name, View }, path }: { page: Page; path: readonly string[] }) => (
  <Suspense key={name} fallback={null}>
    <View path={path} />
  </Suspense>
);

function NotAllowed() {
  const text = useManageText();
  return (
    <EmptyState icon={Lock} title={text.notAllowed}>
      <p>{text.notAllowedHelp}</p>
    </EmptyState>
  );
}
