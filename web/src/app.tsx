import { Suspense, useEffect, useState } from "react";
import { Connected } from "./connection/connected.js";
import { useSession } from "./connection/session.js";
import { InboxPage } from "./inbox/inbox_page.js";
import { LanguageContext, loadCatalogue, type Language } from "./language/language.js";
import { Notifier } from "./notifications/notifier.js";
import { ErrorBoundary } from "./parts/error_boundary.js";
import { loadAhead, loadLater } from "./parts/load_later.js";
import { Toasts } from "./parts/toasts.js";
import { useRoute } from "./route.js";
import { SettingsContext, loadSettings, saveSettings, useSettings, watchSettings, type Settings } from "./settings.js";

const importSignIn = () => import("./sign_in/sign_in.js");
const SignIn = loadLater(async () => (await importSignIn()).SignIn);
const ManagePage = loadLater(async () => (await import("./manage/manage_page.js")).ManagePage);

export function App() {
  const { token, refusal } = useSession();
  const [settings, setSettings] = useState<Settings>(loadSettings);
  const language = useLoadedLanguage(settings.language);
  useEffect(() => {
    saveSettings(settings);
    document.documentElement.lang = language;
    document.documentElement.dataset["theme"] = settings.theme;
  }, [settings, language]);
  useEffect(() => watchSettings(setSettings), []);
  return (
    <SettingsContext.Provider value={{ settings, change: (part) => setSettings((old) => ({ ...old, ...part })) }}>
      <LanguageContext.Provider value={language}>
        <ErrorBoundary>
          {token ? (
            <Connected key={token} token={token}>
              <Page />
              <Announcements />
            </Connected>
          ) : (
            <Suspense fallback={null}>
              <SignIn refusal={refusal} />
            </Suspense>
          )}
        </ErrorBoundary>
        <Toasts />
      </LanguageContext.Provider>
    </SettingsContext.Provider>
  );
}

/** The chosen language, once its texts are there. */
function useLoadedLanguage(chosen: Language): Language {
  const [language, setLanguage] = useState(chosen);
  useEffect(() => {
    let isCurrent = true;
    void loadCatalogue(chosen).then(
      () => isCurrent && setLanguage(chosen),
      () => {},
    );
    return () => void (isCurrent = false);
  }, [chosen]);
  return language;
}

function Page() {
  const { managePath } = useRoute();
  // A session may end while the server can't be reached.
  useEffect(() => loadAhead(importSignIn), []);
  if (!managePath) return <InboxPage />;
  return (
    <Suspense fallback={null}>
      <ManagePage path={managePath} />
    </Suspense>
  );
}

/** Notifications and sound, if the user wants them. */
function Announcements() {
  const { notifies, chimes } = useSettings().settings;
  return notifies || chimes ? <Notifier /> : null;
}
