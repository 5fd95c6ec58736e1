// What the server and WhatsApp refuse, in the user's language, and that nothing happened then.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { listSent, openChat } from "./composing.mjs";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());
afterEach(() => world.post("faults", undefined, "DELETE"));

async function speakSpanish(page) {
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("menuitemradio", { name: "Español" }).click();
  await page.getByRole("heading", { name: "Conversaciones" }).waitFor(world.WAIT);
}

const readAccounts = async () =>
  (await world.ask("{ accounts { nodes { id name enabled phoneNumberId } } }")).accounts.nodes;
const toast = (page, text) => page.getByRole("status").filter({ hasText: text }).waitFor(world.WAIT);
const write = async (page, text) => {
  await page.getByRole("combobox").fill(text);
  await page.keyboard.press("Enter");
};

test("a number that was disabled is named in Spanish, and the text comes back", async () => {
  const { customer, ...inbox } = await openChat(browser, "Desi Conectada");
  const { page } = inbox;
  await speakSpanish(page);
  const [{ id }] = await readAccounts();
  const change = (name) => world.ask(`mutation ($id: ID!) { ${name}(input: { accountId: $id }) { userErrors { code } } }`, { id });
  await change("disableAccount");
  await write(page, "¿Hay alguien?");
  await toast(page, "El número Demo shop está desactivado. Un administrador puede activarlo en Administrar.");
  await world.hasValue(page.getByRole("combobox"), "¿Hay alguien?");
  assert.deepEqual(await listSent(customer, "text"), []);
  await change("enableAccount");
  await page.keyboard.press("Enter");
  await page.getByRole("log").getByRole("article").filter({ hasText: "¿Hay alguien?" }).locator('[data-status="READ"]').waitFor(world.WAIT);
  await world.close(inbox);
});

test("what WhatsApp refuses is said by its code", async () => {
  const { customer, ...inbox } = await openChat(browser, "Nora Número");
  const { page } = inbox;
  await speakSpanish(page);
  await world.post("faults", { kind: "error", code: 131026, to: customer.from });
  await write(page, "¿Te llega?");
  const log = page.getByRole("log");
  await log.getByText("No se puede llegar a esta persona por WhatsApp, o tiene una versión antigua.").waitFor(world.WAIT);
  await world.capture(page, "refused-message");

  await world.post("faults", { kind: "error", code: 131005, endpoint: "block_users" });
  await page.getByRole("complementary", { name: "Contacto" }).getByRole("button", { name: "Bloquear" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Bloquear" }).click();
  await dialog.getByRole("alert").getByText("WhatsApp no lo ha aceptado: Al token de acceso le falta un permiso. (error 131005)").waitFor(world.WAIT);
  const { contacts } = await world.ask("query ($phone: String!) { contacts(search: $phone, first: 1) { nodes { blocked } } }", { phone: customer.from });
  assert.equal(contacts.nodes[0].blocked, false);
  await world.checkAccess(page, "refusal in a dialog");
  await world.close(inbox);
});

test("a value that is in use is refused beside its field", async () => {
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await speakSpanish(page);
  const before = await readAccounts();
  await page.evaluate(() => (location.hash = "#/manage/numbers/new"));
  const field = (name) => page.getByRole("textbox", { name, exact: true });
  await field("Nombre").fill("Otra tienda");
  await field("Identificador del número de teléfono").fill(before[0].phoneNumberId);
  await field("Identificador de la cuenta de WhatsApp Business").fill("419561257915477");
  await page.getByLabel(/^Token de acceso/).fill("sandbox-access-token");
  await page.getByLabel(/^Secreto de la app/).fill("second-app-secret");
  await page.getByRole("button", { name: "Conectar" }).click();
  await page.getByText("Este valor ya está en uso. Elige otro.").waitFor(world.WAIT);
  await world.becomes(() => field("Identificador del número de teléfono").getAttribute("aria-invalid"), "true");
  assert.deepEqual(await readAccounts(), before);
  await world.checkAccess(page, "refusal beside a field");
  await world.close(inbox);
});

test("failed checks speak the user's language, with the server's words as details", async () => {
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await speakSpanish(page);
  const [{ id }] = await readAccounts();
  const change = (name) => world.ask(`mutation ($id: ID!) { ${name}(input: { accountId: $id }) { userErrors { code } } }`, { id });
  await change("unsubscribeWebhooks");
  await page.evaluate((hash) => (location.hash = hash), `#/manage/numbers/${id}`);
  await page.getByRole("button", { name: "Comprobar ahora" }).click();
  const step = page.getByRole("listitem").filter({ has: page.getByText("Suscripción a webhooks", { exact: true }) });
  await step.getByText("WhatsApp no avisa de los mensajes a ninguna app tuya.").waitFor(world.WAIT);
  const details = step.getByText("call subscribeWebhooks");
  assert.equal(await details.isVisible(), false);
  await step.getByText("Detalles técnicos").click();
  await details.waitFor(world.WAIT);
  for (const theme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: theme });
    await world.capture(page, `checks-${theme}`);
    await world.checkAccess(page, `checks ${theme}`);
  }
  await step.getByRole("button", { name: /Enviar los webhooks aquí/ }).click();
  await step.getByText("WhatsApp avisa a una app de Meta.").waitFor(world.WAIT);
  await world.close(inbox);
});

test("a value beyond a limit is refused in Spanish, with its limit", async () => {
  const { customer, ...inbox } = await openChat(browser, "Lola Larga");
  const { page } = inbox;
  await speakSpanish(page);
  await page.getByRole("button", { name: "Añadir un atributo" }).click();
  await page.getByLabel("Nombre del atributo", { exact: true }).fill("largo");
  await page.getByLabel("Valor", { exact: true }).fill("x".repeat(17_000));
  await page.getByRole("button", { name: "Guardar" }).click();
  await toast(page, "Es demasiado grande: puede tener hasta 16");
  await page.getByLabel("Nombre del atributo", { exact: true }).fill("$largo");
  await page.getByLabel("Valor", { exact: true }).fill("corto");
  await page.getByRole("button", { name: "Guardar" }).click();
  await toast(page, "Este valor no se puede usar. (Detalles técnicos: ");
  const { contacts } = await world.ask("query ($phone: String!) { contacts(search: $phone, first: 1) { nodes { attributes } } }", { phone: customer.from });
  assert.deepEqual(contacts.nodes[0].attributes, {});
  await world.close(inbox);
});

// Last: the number stays stopped.
test("a stopped number says why in Spanish, with the server's words as details", async () => {
  const { customer, ...inbox } = await openChat(browser, "Tono Parado");
  const { page } = inbox;
  await speakSpanish(page);
  await world.post("faults", { kind: "error", code: 190, to: customer.from });
  await write(page, "¿Sigue ahí?");
  await toast(page, "Demo shop no puede enviar: WhatsApp ya no acepta el token de acceso.");
  const [{ id }] = await readAccounts();
  await page.evaluate((hash) => (location.hash = hash), `#/manage/numbers/${id}`);
  await page.getByText("WhatsApp rechaza este número.").waitFor(world.WAIT);
  const { account } = await world.ask("query ($id: ID!) { account(id: $id) { health { reason whatsappCode } } }", { id });
  assert.equal(account.health.whatsappCode, 190);
  const details = page.getByText(account.health.reason);
  assert.equal(await details.isVisible(), false);
  await page.getByText("Detalles técnicos").first().click();
  await details.waitFor(world.WAIT);
  for (const theme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: theme });
    await world.capture(page, `stopped-${theme}`);
    await world.checkAccess(page, `stopped number ${theme}`);
  }
  await page.setViewportSize({ width: 390, height: 800 });
  await world.capture(page, "stopped-narrow");
  await world.close(inbox);
});
