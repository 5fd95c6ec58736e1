// The forms of one phone number at WhatsApp, as in whatsapp/contacts/identities.py.

/** The given digits first, then the other form that the same phone may have. */
export function listPhoneVariants(digits) {
  const other = otherForm(digits);
  return other ? [digits, other] : [digits];
}

function otherForm(digits) {
  const { length } = digits;
  if (digits.startsWith("55") && length === 13 && digits[4] === "9") {
    return digits.slice(0, 4) + digits.slice(5);
  }
  if (digits.startsWith("55") && length === 12) return `${digits.slice(0, 4)}9${digits.slice(4)}`;
  if (digits.startsWith("549") && length === 13) return `54${digits.slice(3)}`;
  if (digits.startsWith("54") && length === 12) return `549${digits.slice(2)}`;
  if (digits.startsWith("521") && length === 13) return `52${digits.slice(3)}`;
  if (digits.startsWith("52") && length === 12) return `521${digits.slice(2)}`;
  return null;
}
