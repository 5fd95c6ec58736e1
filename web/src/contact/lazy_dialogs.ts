import { loadLater } from "../parts/load_later.js";

// One file: each is small, and most share their parts.
const load = () => import("./dialogs/index.js");

export const BlockDialog = loadLater(async () => (await load()).BlockDialog);
export const EraseDialog = loadLater(async () => (await load()).EraseDialog);
export const ExportDialog = loadLater(async () => (await import("./dialogs/export/export_dialog.js")).ExportDialog);
export const LinkDialog = loadLater(async () => (await load()).LinkDialog);
export const MergeDialog = loadLater(async () => (await load()).MergeDialog);
export const PersonDialog = loadLater(async () => (await load()).PersonDialog);
export const UnlinkDialog = loadLater(async () => (await load()).UnlinkDialog);
