import { CircleCheckBig } from "lucide-react";
import { useState } from "react";
import { useViewer } from "../../connection/viewer.js";
import { FailedItemsDocument, type ParkedReason, type ParkedState } from "../../generated/admin.js";
import { Button } from "../../parts/button.js";
import { EmptyState } from "../../parts/empty_state.js";
import { ConfirmDialog } from "../../parts/confirm_dialog.js";
import { Filters, SelectFilter } from "../parts/filters.js";
import { MoreButton } from "../parts/more_button.js";
import { PageFrame } from "../parts/page_frame.js";
import { useList } from "../parts/use_list.js";
import { FailedItem } from "./failed_item.js";
import styles from "./failed_webhooks.module.css";
import { useFailedText } from "./texts.js";
import { useAllItems } from "./use_all_items.js";

const STATES = ["PARKED", "APPLIED", "DISCARDED", "ALL"] as const;
const REASONS: ParkedReason[] = [
  "UNKNOWN_ACCOUNT", "ACCOUNT_DISABLED", "WRONG_SECRET", "INVALID_BODY", "INVALID_ITEM", "INTERNAL_ERROR",
];
const ALL = "ALL";

/** Webhooks that could not be used, with what to do about each. */
export function FailedWebhooksPage() {
  const text = useFailedText();
  const accounts = useViewer().accounts.nodes;
  const [state, setState] = useState<ParkedState | typeof ALL>("PARKED");
  const [reason, setReason] = useState<ParkedReason | typeof ALL>(ALL);
  const [accountId, setAccountId] = useState(ALL);
  const [isDiscarding, setDiscarding] = useState(false);
  const variables = {
    accountId: accountId === ALL ? null : accountId,
    filter: { state: state === ALL ? null : state, reason: reason === ALL ? null : reason },
  };
  const list = useList(FailedItemsDocument, variables, ({ parkedItems }) => parkedItems);
  const all = useAllItems({ ...variables, filter: { ...variables.filter, state: "PARKED" } }, () => void list.reload());
  const isFiltered = state !== "PARKED" || reason !== ALL || accountId !== ALL;
  const actions = state === "PARKED" && list.items && list.items.length > 0 && (
    <>
      <Button disabled={all.isBusy} onClick={() => setDiscarding(true)}>
        {text.discardAll}
      </Button>
      <Button isPrimary disabled={all.isBusy} onClick={() => void all.run("replay")}>
        {text.replayAll}
      </Button>
    </>
  );
  return (
    <PageFrame title={text.title} help={text.help} actions={actions}>
      <Filters>
        <SelectFilter
          label={text.show}
          value={state}
          options={STATES.map((value) => ({ value, label: text.states[value] }))}
          onChange={setState}
        />
        <SelectFilter
          label={text.reason}
          value={reason}
          options={[{ value: ALL, label: text.allReasons }, ...REASONS.map((value) => ({ value, label: text.reasons[value] }))]}
          onChange={setReason}
        />
        {accounts.length > 1 && (
          <SelectFilter
            label={text.number}
            value={accountId}
            options={[{ value: ALL, label: text.allNumbers }, ...accounts.map(({ id, name }) => ({ value: id, label: name }))]}
            onChange={setAccountId}
          />
        )}
      </Filters>
      <p role="status" className={styles.outcome}>
        {all.outcome}
      </p>
      {list.items?.length === 0 ? (
        <EmptyState icon={CircleCheckBig} title={isFiltered ? text.noneLike : text.none}>
          <p>{isFiltered ? text.noneLikeHelp : text.noneHelp}</p>
        </EmptyState>
      ) : (
        <ul className={styles.list} aria-label={text.title} aria-busy={!list.items}>
          {list.items?.map((item) => (
            <FailedItem key={item.id} item={item} />
          ))}
        </ul>
      )}
      <MoreButton list={list} />
      {isDiscarding && (
        <ConfirmDialog
          title={text.discardAllTitle}
          action={text.discardAll}
          isDangerous
          onConfirm={async () => ({})}
          onDone={() => void all.run("discard")}
          onClose={() => setDiscarding(false)}
        >
          <p>{text.discardHelp}</p>
        </ConfirmDialog>
      )}
    </PageFrame>
  );
}
