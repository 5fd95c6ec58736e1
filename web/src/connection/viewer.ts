import { createContext, useContext } from "react";
import type { ViewerQuery } from "../generated/graphql.js";

export type Viewer = ViewerQuery["viewer"];
export type Account = Viewer["accounts"]["nodes"][number];

export const ViewerContext = createContext<Viewer | null>(null);

/** The signed-in caller with the numbers they may see. */
export function useViewer(): Viewer {
  return useContext(ViewerContext)!;
}

/** True if the caller may write to customers and colleagues. */
export const useCanWrite = (): boolean => useViewer().role !== "VIEWER";

/** True if a page of the administration is open to the caller. Agents may change quick replies and see templates. */
export const useCanManage = (): boolean => useCanWrite();

/** True if the caller may connect a number: administrators of some numbers may not. */
export function useCanConnect(): boolean {
  const { role, coversAllAccounts } = useViewer();
  return role === "ADMIN" && coversAllAccounts;
}
