/**
 * Additions to GraphiQL's toolbar.
 */
import { fillPlaceholder, readToken } from "./key.js";
import { forgetTabs } from "./storage.js";

const { createElement, useEffect, useRef } = React;
const { ReloadIcon, ToolbarButton, useEditorContext, useSchemaContext } = GraphiQL.React;

/** Milliseconds after the last keystroke until a key counts as entered. */
const TYPING_PAUSE = 300;

/**
 * Copies an entered key into the headers tabs that still have the placeholder. `session.key` is the
 * latest key.
 */
export function KeyKeeper({ session }) {
  const { headerEditor, activeTabIndex } = useEditorContext();
  const schemaContext = useRef(null);
  schemaContext.current = useSchemaContext();

  useEffect(() => {
    if (!headerEditor) return;
    const text = headerEditor.getValue();
    const filled = fillPlaceholder(text, session.key);
    if (filled !== text) headerEditor.setValue(filled);
  }, [headerEditor, activeTabIndex, session]);

  useEffect(() => {
    if (!headerEditor) return undefined;
    let timer;
    const scheduleKeepKey = () => {
      clearTimeout(timer);
      timer = setTimeout(() => keepKey(headerEditor, session, schemaContext.current), TYPING_PAUSE);
    };
    headerEditor.on("change", scheduleKeepKey);
    return () => headerEditor.off("change", scheduleKeepKey);
  }, [headerEditor, session]);

  return null;
}

function keepKey(headerEditor, session, { schema, introspect }) {
  const token = readToken(headerEditor.getValue());
  if (!token || token === session.key) return;
  session.key = token;
  // Without a valid key the server may have refused introspection.
  if (!schema) introspect();
}

export function RestoreButton({ session, storage }) {
  const restore = () => {
    if (!confirm("Close all tabs and open the example tabs again?")) return;
    forgetTabs(storage, session.key);
    location.reload();
  };
  return createElement(
    ToolbarButton,
    { label: "Restore the example tabs", onClick: restore },
    createElement(ReloadIcon, { className: "graphiql-toolbar-icon", "aria-hidden": "true" }),
  );
}
