/**
 * What we add to GraphiQL's toolbar.
 */
import { fillPlaceholder, readToken } from "./key.js";
import { forgetTabs } from "./storage.js";

const { createElement, useEffect, useRef } = React;
const { ReloadIcon, ToolbarButton, useEditorContext, useSchemaContext } = GraphiQL.React;

/** Time in ms after the last keystroke before a key counts as entered. */
const TYPING_PAUSE = 300;

/**
 * Carries a key from the headers tab where it was entered to those that still ask for one.
 * `session.key` is the latest one.
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
    const notice = () => {
      clearTimeout(timer);
      timer = setTimeout(() => keepKey(headerEditor, session, schemaContext.current), TYPING_PAUSE);
    };
    headerEditor.on("change", notice);
    return () => headerEditor.off("change", notice);
  }, [headerEditor, session]);

  return null;
}

function keepKey(headerEditor, session, { schema, introspect }) {
  const token = readToken(headerEditor.getValue());
  if (!token || token === session.key) return;
  session.key = token;
  // Without a valid key the server may have refused to show its schema.
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
