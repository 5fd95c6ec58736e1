import { createRoot } from "react-dom/client";
import { App } from "./app.js";
import { takeKeyFromUrl } from "./connection/session.js";
import { loadCatalogue } from "./language/language.js";
import { loadSettings } from "./settings.js";
import "./styles/tokens.css";
import "./styles/base.css";

// First of all, so that the key does not stay in the address bar or in the history.
takeKeyFromUrl();
// A link that is pasted into an open tab.
window.addEventListener("hashchange", takeKeyFromUrl);
// Before the page is drawn, which would else change its language. Without the file it is in English.
void loadCatalogue(loadSettings().language)
  .catch(() => {})
  .then(() => createRoot(document.getElementById("app")!).render(<App />));
