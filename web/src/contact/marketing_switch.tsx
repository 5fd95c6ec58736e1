import { useMutation } from "@apollo/client/react";
import { useId } from "react";
import { UpdateContactDocument, type ContactDetailsFragment } from "../generated/graphql.js";
import { useText } from "../language/language.js";
import { reportFailure } from "../parts/failures.js";
import { useContactText } from "./texts.js";
import styles from "./marketing_switch.module.css";

/** Switch for marketing messages to the customer. */
export function MarketingSwitch({ contact, canEdit }: { contact: ContactDetailsFragment; canEdit: boolean }) {
  const text = useText();
  const words = useContactText();
  const helpId = useId();
  const [update, { loading }] = useMutation(UpdateContactDocument);
  const { id, marketingOptOut } = contact;
  const toggle = () =>
    void reportFailure(text, update({ variables: { input: { contactId: id, marketingOptOut: !marketingOptOut } } }));
  return (
    <div className={styles.marketing}>
      <div>
        <h3 id={`${helpId}-label`}>{words.marketing}</h3>
        <p id={helpId}>{marketingOptOut ? words.marketingRefused : words.marketingAllowed}</p>
      </div>
      {canEdit && (
        <button
          type="button"
          role="switch"
          className={styles.switch}
          aria-checked={!marketingOptOut}
          aria-labelledby={`${helpId}-label`}
          aria-describedby={helpId}
          disabled={loading}
          onClick={toggle}
        />
      )}
    </div>
  );
}
