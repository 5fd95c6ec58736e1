import { RotateCcw } from "lucide-react";
import { Component, type ContextType, type ReactNode } from "react";
import { CATALOGUES, LanguageContext } from "../language/language.js";
import { Button } from "./button.js";
import { EmptyState } from "./empty_state.js";

/**
 * Offers to load the page again if a part of it can't be shown, for example because the server was
 * upgraded and no longer has the files of this version.
 */
export class ErrorBoundary extends Component<{ children: ReactNode }, { isBroken: boolean }> {
  static override contextType = LanguageContext;
  declare context: ContextType<typeof LanguageContext>;
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override render() {
    if (!this.state.isBroken) return this.props.children;
    const text = CATALOGUES[this.context];
    return (
      <EmptyState icon={RotateCcw} title={text.brokenPage}>
        <Button isPrimary onClick={() => location.reload()}>
          {text.reloadPage}
        </Button>
      </EmptyState>
    );
  }
}
