import type { Catalogue } from "../language/en.js";

interface Named {
  name: string | null;
  profileName: string | null;
  username?: string | null;
  phoneNumber?: string | null;
}

/** The best known name of a contact. */
export function nameContact(text: Catalogue, contact: Named): string {
  return contact.name ?? contact.profileName ?? contact.username ?? contact.phoneNumber ?? text.unnamedContact;
}

interface Identified {
  username: string | null;
  phoneNumber: string | null;
  businessScopedUserId: string | null;
}

/** Text that distinguishes contacts of the same name. */
export const identifyContact = ({ phoneNumber, username, businessScopedUserId }: Identified): string =>
  phoneNumber ?? (username ? `@${username}` : (businessScopedUserId ?? ""));
