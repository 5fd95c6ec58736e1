import { useEffect, useId, useState } from "react";
import { useViewer, type Account } from "../../connection/viewer.js";
import { SearchFilter } from "../parts/filters.js";
import { useForm } from "../parts/form.js";
import styles from "./accounts_field.module.css";
import { useAccessText } from "./texts.js";

const NAME = "accountIds";
/** A longer list has a search. */
const SHORT_LIST = 10;

/** Returns the chosen numbers from the values of a form; null for all, and for later ones. */
export function readAccountIds(values: Record<string, string>): string[] | null {
  const value = values[NAME];
  return value ? (JSON.parse(value) as string[]) : null;
}

/** The numbers of a person or key: never more than the caller's own. */
export function AccountsField() {
  const text = useAccessText();
  const { coversAllAccounts, accounts } = useViewer();
  const { problems, register, setProblem } = useForm();
  const [groupName, problemId] = [useId(), useId()];
  const [isAll, setAll] = useState(coversAllAccounts);
  // Until a choice is made, it is all numbers of a limited key.
  const [choice, setChoice] = useState<readonly string[] | null>(coversAllAccounts ? [] : null);
  const chosen = choice ?? accounts.nodes.map(({ id }) => id);
  useEffect(() => register(NAME, (value) => (value === "[]" ? text.chooseNumbers : undefined)));
  const change = (next: boolean | readonly string[]) => {
    setProblem(NAME, undefined);
    if (typeof next === "boolean") setAll(next);
    else setChoice(next);
  };
  const toggle = (id: string) => change(chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id]);
  return (
    <fieldset className={styles.field} aria-describedby={problemId}>
      <legend>{text.numbers}</legend>
      <input type="hidden" name={NAME} value={isAll ? "" : JSON.stringify(chosen)} />
      {coversAllAccounts && (
        <>
          <label>
            <input type="radio" name={groupName} checked={isAll} onChange={() => change(true)} />
            {text.allNumbersHelp}
          </label>
          <label>
            <input type="radio" name={groupName} checked={!isAll} onChange={() => change(false)} />
            {text.onlyThese}
          </label>
        </>
      )}
      {!isAll && <AccountList accounts={accounts.nodes} chosen={chosen} onToggle={toggle} />}
      <p id={problemId}>
        {problems[NAME] && <strong>{problems[NAME]} </strong>}
        {!coversAllAccounts && text.ownNumbersHelp}
      </p>
    </fieldset>
  );
}

interface AccountListProps {
  accounts: readonly Account[];
  chosen: readonly string[];
  onToggle(id: string): void;
}

function AccountList({ accounts, chosen, onToggle }: AccountListProps) {
  const text = useAccessText();
  const [search, setSearch] = useState("");
  const shown = accounts.filter((account) => matches(account, search));
  return (
    <>
      {accounts.length > SHORT_LIST && (
        // Enter would send the form.
        <div className={styles.search} onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}>
          <SearchFilter label={text.findNumber} value={search} onChange={setSearch} />
          <span role="status">{shown.length > 0 ? text.chosen(chosen.length) : text.noneFound}</span>
        </div>
      )}
      <ul>
        {shown.map(({ id, name }) => (
          <li key={id}>
            <label>
              <input type="checkbox" checked={chosen.includes(id)} onChange={() => onToggle(id)} />
              <bdi>{name}</bdi>
            </label>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Returns true if the name or the phone number contains the search text. */
function matches({ name, displayPhoneNumber }: Account, search: string): boolean {
  const wanted = search.trim().toLocaleLowerCase();
  const digits = wanted.replace(/\D/g, "");
  const hasNumber = digits !== "" && (displayPhoneNumber ?? "").replace(/\D/g, "").includes(digits);
  return hasNumber || name.toLocaleLowerCase().includes(wanted);
}
