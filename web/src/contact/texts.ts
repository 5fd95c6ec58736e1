import { makeTexts } from "../language/language.js";

const en = {
  title: "Contact",
  hide: "Hide the contact",
  name: "Name",
  rename: "Change the name",
  blocked: "Blocked",
  optedOut: "No marketing messages",

  // Facts
  phone: "Phone number",
  noPhone: "Hidden by the customer",
  waId: "WhatsApp ID",
  username: "User name",
  profileName: "Name on WhatsApp",
  businessId: "ID for your business",
  parentId: "ID for linked businesses",
  account: "Your number",
  since: "Customer since",

  // Tags
  tags: "Tags of the contact",
  conversationTags: "Tags of the conversation",
  addTag: "Add a tag",
  removeTag: (tag: string) => `Remove ${tag}`,

  // Marketing
  marketing: "Marketing messages",
  marketingAllowed: "The customer may get them.",
  marketingRefused: "The customer does not want them, and the server refuses to send them.",

  // Attributes
  attributes: "Attributes",
  noAttributes: "No attributes. Add what your team should know, such as a customer number.",
  addAttribute: "Add an attribute",
  changeAttribute: (name: string) => `Change ${name}`,
  removeAttribute: (name: string) => `Remove ${name}`,
  attributeName: "Name of the attribute",
  attributeValue: "Value",
  attributeExists: (name: string) => `${name} already exists. Change it instead.`,
  attributeRemoved: (name: string) => `${name} was removed.`,

  // Person
  person: "Person",
  noPerson: "No person is linked. A person connects the contacts of one customer across your numbers.",
  linkPerson: "Link a person",
  changePerson: "Change the person",
  unlinkPerson: "Remove the link",
  unlinkTitle: (name: string) => `Remove the link to ${name}?`,
  unlinkHelp: "The person and this contact stay. New messages do not link them again.",
  searchPeople: "Search names and phone numbers",
  noPeople: "No person found. Create one.",
  createPerson: "Create a person",
  createAndLink: "Create and link",
  linkInstead: (name: string) => `Link ${name} instead`,
  personName: "Name",
  personPhone: "Phone number",
  email: "Email",
  externalId: "ID in your system",
  unnamedPerson: "Person without a name",
  otherConversations: "Other conversations of this person",
  noConversation: "No conversation yet",
  closed: "closed",

  // Duplicates and merging
  duplicate: (name: string, identifier: string) => `${name} (${identifier}) is probably the same person.`,
  review: "Compare and merge",
  mergeWith: "Merge with another contact",
  mergeSearch: "Search contacts of this number",
  mergeTitle: "Merge contacts",
  mergeNone: "No other contact found",
  mergeKeep: "Which contact do you want to keep?",
  mergeEffect: (gone: string, kept: string) =>
    `${gone} is merged into ${kept}: its phone numbers, tags, attributes, notes, messages and queued messages move there. Then ${gone} no longer exists. This can't be undone.`,
  merge: "Merge",
  merged: (kept: string) => `The contacts are merged. ${kept} has all messages.`,
  lastActive: (time: string) => `Last active ${time}`,

  // Blocking
  block: "Block",
  unblock: "Unblock",
  blockTitle: (name: string) => `Block ${name}?`,
  blockHelp:
    "The customer can no longer write to your number, and nothing is sent to them, not even queued messages. You can unblock them at any time.",
  blockLimit: "WhatsApp allows it only within 24 hours of the customer's last message.",
  unblockTitle: (name: string) => `Unblock ${name}?`,
  unblockHelp: "The customer and your team can write to each other again.",

  // Export and erasure
  exportData: "Export data",
  erase: "Erase",
  eraseTitle: (name: string) => `Erase ${name}?`,
  eraseHelp:
    "The contact, its conversation, all messages, notes and files are erased for everyone. This is final: it can't be undone, and a new message from the customer starts a new conversation.",
  eraseForever: "Erase permanently",
  erased: (name: string) => `${name} was erased.`,
};

const es: typeof en = {
  title: "Contacto",
  hide: "Ocultar el contacto",
  name: "Nombre",
  rename: "Cambiar el nombre",
  blocked: "Bloqueado",
  optedOut: "Sin mensajes publicitarios",

  phone: "Teléfono",
  noPhone: "Oculto por el cliente",
  waId: "ID de WhatsApp",
  username: "Usuario",
  profileName: "Nombre en WhatsApp",
  businessId: "ID para tu empresa",
  parentId: "ID para empresas vinculadas",
  account: "Tu número",
  since: "Cliente desde",

  tags: "Etiquetas del contacto",
  conversationTags: "Etiquetas de la conversación",
  addTag: "Añadir una etiqueta",
  removeTag: (tag) => `Quitar ${tag}`,

  marketing: "Mensajes publicitarios",
  marketingAllowed: "El cliente puede recibirlos.",
  marketingRefused: "El cliente no los quiere, y el servidor no los envía.",

  attributes: "Atributos",
  noAttributes: "Sin atributos. Añade lo que tu equipo deba saber, por ejemplo un número de cliente.",
  addAttribute: "Añadir un atributo",
  changeAttribute: (name) => `Cambiar ${name}`,
  removeAttribute: (name) => `Quitar ${name}`,
  attributeName: "Nombre del atributo",
  attributeValue: "Valor",
  attributeExists: (name) => `${name} ya existe. Cámbialo en su lugar.`,
  attributeRemoved: (name) => `Se quitó ${name}.`,

  person: "Persona",
  noPerson: "No hay ninguna persona vinculada. Una persona une los contactos de un cliente en varios números.",
  linkPerson: "Vincular una persona",
  changePerson: "Cambiar la persona",
  unlinkPerson: "Quitar el vínculo",
  unlinkTitle: (name) => `¿Quitar el vínculo con ${name}?`,
  unlinkHelp: "La persona y este contacto se conservan. Los mensajes nuevos no los vinculan otra vez.",
  searchPeople: "Buscar nombres y teléfonos",
  noPeople: "No se encontró ninguna persona. Crea una.",
  createPerson: "Crear una persona",
  createAndLink: "Crear y vincular",
  linkInstead: (name) => `Vincular a ${name}`,
  personName: "Nombre",
  personPhone: "Teléfono",
  email: "Correo",
  externalId: "ID en tu sistema",
  unnamedPerson: "Persona sin nombre",
  otherConversations: "Otras conversaciones de esta persona",
  noConversation: "Aún sin conversación",
  closed: "cerrada",

  duplicate: (name, identifier) => `${name} (${identifier}) es probablemente la misma persona.`,
  review: "Comparar y unir",
  mergeWith: "Unir con otro contacto",
  mergeSearch: "Buscar contactos de este número",
  mergeTitle: "Unir contactos",
  mergeNone: "No se encontró otro contacto",
  mergeKeep: "¿Qué contacto quieres conservar?",
  mergeEffect: (gone, kept) =>
    `${gone} se une a ${kept}: sus teléfonos, etiquetas, atributos, notas, mensajes y mensajes en cola pasan allí. Después ${gone} deja de existir. No se puede deshacer.`,
  merge: "Unir",
  merged: (kept) => `Los contactos están unidos. ${kept} tiene todos los mensajes.`,
  lastActive: (time) => `Última actividad: ${time}`,

  block: "Bloquear",
  unblock: "Desbloquear",
  blockTitle: (name) => `¿Bloquear a ${name}?`,
  blockHelp:
    "El cliente ya no puede escribir a tu número y no se le envía nada, tampoco los mensajes en cola. Puedes desbloquearlo cuando quieras.",
  blockLimit: "WhatsApp solo lo permite en las 24 horas siguientes al último mensaje del cliente.",
  unblockTitle: (name) => `¿Desbloquear a ${name}?`,
  unblockHelp: "El cliente y tu equipo pueden volver a escribirse.",

  exportData: "Exportar datos",
  erase: "Borrar",
  eraseTitle: (name) => `¿Borrar a ${name}?`,
  eraseHelp:
    "El contacto, su conversación, todos los mensajes, notas y archivos se borran para todos. Es definitivo: no se puede deshacer, y un mensaje nuevo del cliente empieza desde cero.",
  eraseForever: "Borrar para siempre",
  erased: (name) => `Se borró a ${name}.`,
};

export const useContactText = makeTexts({ en, es });
