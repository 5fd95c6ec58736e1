import { CircleCheck, CircleDashed, CircleX, LoaderCircle } from "lucide-react";
import { useState } from "react";
import type { AccountCheckName, AccountDetailFragment } from "../../../generated/numbers.js";
import { Button } from "../../../parts/button.js";
import { TechnicalDetails } from "../../parts/technical_details.js";
import { useNumbersText, type NumbersText } from "../texts.js";
import styles from "./check_list.module.css";
import { IdsDialog } from "./ids_dialog.js";
import { findState, type CheckState } from "./results.js";
import { SecretDialog } from "./secret_dialog.js";
import { useSubscribe, useWidestLevel } from "./use_subscribe.js";

const NAMES: readonly AccountCheckName[] = [
  "TOKEN",
  "PHONE_NUMBER",
  "BUSINESS_ACCOUNT",
  "WEBHOOK_SUBSCRIPTION",
  "WEBHOOK_URL",
  "APP_SECRET",
];

interface CheckListProps {
  account: AccountDetailFragment;
  isRunning: boolean;
  /** Checks again after something was corrected. */
  onFixed(): void;
}

/** The checks of a number as steps: each with a sign, the finding, and what to do. */
export function CheckList({ account, isRunning, onFixed }: CheckListProps) {
  const text = useNumbersText();
  const [fixing, setFixing] = useState<AccountCheckName | null>(null);
  const [subscribe, isSubscribing] = useSubscribe(account.id);
  const level = useWidestLevel();
  const results = account.lastCheck?.checks;
  const fix = async (name: AccountCheckName) => {
    if (!name.startsWith("WEBHOOK")) return setFixing(name);
    if (await subscribe(level)) onFixed();
  };
  const isOfIds = fixing === "PHONE_NUMBER" || fixing === "BUSINESS_ACCOUNT";
  const close = () => setFixing(null);
  return (
    <>
      <ol className={styles.list} aria-label={text.checks} aria-busy={isRunning}>
        {NAMES.map((name) => {
          const result = results?.find((each) => each.name === name);
          const state = isRunning ? "running" : findState(results, name);
          const isFailed = state === "failed";
          return (
            <li key={name} data-state={state}>
              <Sign state={state} />
              <div>
                <strong>{text.check[name]}</strong>
                {result && state !== "running" && <p>{describe(text, name, state)}</p>}
                {isFailed && <p>{text.advice[name]}</p>}
                {isFailed && (
                  <Button disabled={isSubscribing} aria-label={`${text.check[name]}: ${text.fix[name]}`} onClick={() => void fix(name)}>
                    {text.fix[name]}
                  </Button>
                )}
                {result && (isFailed || (state === "passed" && TELLING.includes(name))) && <TechnicalDetails>{result.message}</TechnicalDetails>}
              </div>
            </li>
          );
        })}
      </ol>
      {isOfIds && <IdsDialog account={account} onDone={onFixed} onClose={close} />}
      {fixing === "TOKEN" && <SecretDialog account={account} field="accessToken" onDone={onFixed} onClose={close} />}
      {fixing === "APP_SECRET" && <SecretDialog account={account} field="appSecret" onDone={onFixed} onClose={close} />}
    </>
  );
}

const SIGNS = { passed: CircleCheck, failed: CircleX, pending: CircleDashed, running: LoaderCircle };

function Sign({ state }: { state: CheckState | "running" }) {
  const text = useNumbersText();
  const Icon = SIGNS[state];
  const label = state === "running" ? text.checking : text[state];
  return <Icon className={state === "running" ? styles.turning : ""} size={20} role="img" aria-label={label} />;
}

/** Checks whose details also say something if they passed. */
const TELLING: readonly AccountCheckName[] = ["PHONE_NUMBER", "WEBHOOK_SUBSCRIPTION", "WEBHOOK_URL"];

function describe(text: NumbersText, name: AccountCheckName, state: CheckState): string {
  if (state === "pending") return text.waitsForToken;
  return state === "passed" ? text.found[name] : text.wrong[name];
}
