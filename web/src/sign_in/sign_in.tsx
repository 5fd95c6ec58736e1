import { getErrorCode } from "@wagraph/client";
import { useId, useState, type FormEvent } from "react";
import { connect, disconnect } from "../connection/connect.js";
import { isCredentialRefused } from "../connection/credential.js";
import { signIn } from "../connection/session.js";
import { ViewerDocument } from "../generated/graphql.js";
import { useText } from "../language/language.js";
import { Button } from "../parts/button.js";
import icon from "../styles/icon.svg";
import { Obstacle } from "./obstacle.js";
import styles from "./sign_in.module.css";

interface SignInProps {
  /** Code of the error with which the server ended the last session, if any. */
  refusal: string | undefined;
}

const TEXTS = { UNAUTHENTICATED: "refused", UNREACHABLE: "unreachable", ENDED: "sessionEnded" } as const;

export function SignIn({ refusal }: SignInProps) {
  const text = useText();
  const [problem, setProblem] = useState(refusal === "UNAUTHENTICATED" ? "ENDED" : refusal);
  const [isChecking, setChecking] = useState(false);
  const [inputId, helpId, problemId] = [useId(), useId(), useId()];

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get("token")).trim();
    if (!token || isChecking) return;
    setChecking(true);
    setProblem(undefined);
    const found = await check(token);
    if (!found) return signIn(token);
    setProblem(found);
    setChecking(false);
  }

  return (
    <main className={styles.page}>
      <form className={styles.card} onSubmit={(event) => void submit(event)}>
        <img src={icon} alt="" width={44} height={44} />
        <h1>{text.signInTitle}</h1>
        <p id={helpId} className={styles.help}>
          {text.signInHelp}
        </p>
        <label htmlFor={inputId}>{text.credential}</label>
        <input
          id={inputId}
          name="token"
          type="password"
          autoComplete="off"
          autoFocus
          required
          spellCheck={false}
          aria-describedby={`${helpId} ${problemId}`}
          aria-invalid={problem === "UNAUTHENTICATED"}
        />
        <p id={problemId} role="alert" className={styles.problem}>
          {problem && <Problem code={problem} />}
        </p>
        <Button isPrimary type="submit" disabled={isChecking}>
          {isChecking ? text.signingIn : text.signIn}
        </Button>
      </form>
    </main>
  );
}

function Problem({ code }: { code: string }) {
  const text = useText();
  if (code in TEXTS) return text[TEXTS[code as keyof typeof TEXTS]];
  return <Obstacle code={code} />;
}

/** Returns the code of the error because of which a token can't be used, if there is one. */
async function check(token: string): Promise<string | undefined> {
  const connection = connect(token, () => {});
  try {
    await connection.apollo.query({ query: ViewerDocument });
    return undefined;
  } catch (error) {
    return isCredentialRefused(error) ? (getErrorCode(error) ?? "UNAUTHENTICATED") : "UNREACHABLE";
  } finally {
    disconnect(connection);
  }
}
