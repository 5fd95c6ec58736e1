export { BlockDialog } from "./block_dialog.js";
export { EraseDialog } from "./erase_dialog.js";
export { LinkDialog } from "./link_dialog.js";
export { MergeDialog } from "./merge_dialog.js";
export { PersonDialog } from "./person_dialog.js";
export { UnlinkDialog } from "./unlink_dialog.js";
