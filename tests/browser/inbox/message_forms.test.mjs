// Messages that have a form, by keyboard alone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { button, listSent, openChat, openForm, press, push } from "./composing.mjs";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

test("a location is typed, pasted or the user's own", async () => {
  const { page, customer, ...inbox } = await openChat(browser, "Lou Catie");
  let form = await openForm(page, "Location");
  await form.submit();
  await form.dialog.getByText("Fill in this field.").first().waitFor(world.WAIT);
  await world.hasFocus(form.box("Latitude"));
  await page.keyboard.type("95");
  await form.box("Longitude").fill("13,4");
  await form.submit();
  await form.dialog.getByText("Write a number from -90 to 90.").waitFor(world.WAIT);
  await form.box("Latitude").fill("52.5");
  await form.box("Name of the place").fill("Our shop");
  await form.box("Address").fill("Torstr. 1, Berlin");
  await form.preview.getByText("Torstr. 1, Berlin").waitFor(world.WAIT);
  await form.submit();
  await world.findMessage(page, "Our shop").locator('[data-status="READ"]').waitFor(world.WAIT);
  await form.dialog.waitFor({ ...world.WAIT, state: "detached" });
  await page.waitForFunction(() => document.activeElement.getAttribute("aria-label") === "More to send", null, world.WAIT);

  form = await openForm(page, "Location");
  await form.box("Latitude").evaluate((input) => {
    const data = new DataTransfer();
    data.setData("text", "https://www.openstreetmap.org/?mlat=48.8566&mlon=2.3522#map=12/48.8/2.3");
    input.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await world.hasValue(form.box("Latitude"), "48.8566");
  await world.hasValue(form.box("Longitude"), "2.3522");
  await push(form.dialog.getByRole("button", { name: "Use my location" }));
  await form.dialog.getByRole("alert").getByText("The browser may not share your location").waitFor(world.WAIT);
  await page.context().grantPermissions(["geolocation"]);
  await page.context().setGeolocation({ latitude: 40.4168, longitude: -3.7038 });
  await push(form.dialog.getByRole("button", { name: "Use my location" }));
  await form.preview.getByText("40.41680, -3.70380").waitFor(world.WAIT);
  await form.submit();
  await world.findMessage(page, "40.41680, -3.70380").waitFor(world.WAIT);
  const sent = await listSent(customer, "content { ... on LocationContent { latitude longitude name address } }");
  assert.deepEqual(sent.map(({ content }) => content), [
    { latitude: 52.5, longitude: 13.4, name: "Our shop", address: "Torstr. 1, Berlin" },
    { latitude: 40.4168, longitude: -3.7038, name: null, address: null },
  ]);
  await world.close({ page, ...inbox });
});

test("contact cards are written, or those of contacts", async () => {
  const { page, customer, ...inbox } = await openChat(browser, "Connie Tact");
  const form = await openForm(page, "Contact card");
  await form.dialog.getByRole("searchbox", { name: "Find a contact of the inbox" }).fill("sheena");
  await push(form.dialog.getByRole("list", { name: "Contacts" }).getByRole("button", { name: /Sheena Nelson/ }));
  await form.preview.getByText("Sheena Nelson").waitFor(world.WAIT);
  await push(form.dialog.getByRole("button", { name: "Add another contact" }));
  const second = form.dialog.getByRole("group", { name: "Contact 2" });
  await second.getByRole("textbox", { name: "Name" }).fill("Repair desk");
  await second.getByRole("textbox", { name: "Phone number" }).fill("soon");
  await second.getByRole("textbox", { name: "Email" }).fill("desk@example.com");
  await form.submit();
  await second.getByText("Write a phone number such as").waitFor(world.WAIT);
  await second.getByRole("textbox", { name: "Phone number" }).fill("+49 30 123456");
  await form.submit();
  await world.findMessage(page, "Repair desk").locator('[data-status="READ"]').waitFor(world.WAIT);
  const [sent] = await listSent(customer, "content { ... on ContactsContent { contacts { name phones { phone } emails { value } } } }");
  assert.deepEqual(sent.content.contacts, [
    { name: "Sheena Nelson", phones: [{ phone: "+16505551234" }], emails: [] },
    { name: "Repair desk", phones: [{ phone: "+49 30 123456" }], emails: [{ value: "desk@example.com" }] },
  ]);
  await world.close({ page, ...inbox });
});

const INTERACTIVE = `text content { ... on InteractiveContent { interactiveKind body footer header { text }
  buttons { title } listButton sections { title rows { title description } } link { displayText url } } }`;

test("reply buttons show what the server refuses beside the field, and are sent", async () => {
  const { page, customer, ...inbox } = await openChat(browser, "Bettina Utton");
  const form = await openForm(page, "Reply buttons");
  await page.keyboard.type("Does *Friday* suit you?");
  await form.box("Header").fill("Your repair");
  // As if the server's limit were lower.
  await form.box("Label", 0).evaluate((input) => input.removeAttribute("maxlength"));
  await form.box("Label", 0).fill("A label that is much too long for WhatsApp");
  await form.box("Label", 1).fill("No");
  await form.submit();
  const first = form.dialog.getByRole("group", { name: "Button 1" });
  await first.getByText("This is too long: at most 20 characters are possible.").waitFor(world.WAIT);
  assert.deepEqual(await listSent(customer, "text"), []);
  await form.box("Label", 0).fill("No");
  await form.submit();
  await first.getByText("Use each label once.").waitFor(world.WAIT);
  await form.box("Label", 0).fill("Yes, Friday");
  await push(form.dialog.getByRole("button", { name: "Add a button" }));
  await form.dialog.getByRole("button", { name: "Add a button" }).waitFor(world.GONE);
  await push(form.dialog.getByRole("button", { name: "Remove button 3" }));
  await world.hasTexts(form.preview.getByRole("listitem"), ["Yes, Friday", "No"]);
  await form.preview.locator("strong", { hasText: "Friday" }).waitFor(world.WAIT);
  await form.submit();
  await world.findMessage(page, "Yes, Friday").locator('[data-status="READ"]').waitFor(world.WAIT);
  const sent = await listSent(customer, INTERACTIVE);
  assert.equal(sent.length, 1);
  assert.deepEqual(sent[0].content.buttons, [{ title: "Yes, Friday" }, { title: "No" }]);
  assert.deepEqual(sent[0].content.header, { text: "Your repair" });
  await world.close({ page, ...inbox });
});

test("a list, a link and requests are sent as an answer", async () => {
  const { page, customer, ...inbox } = await openChat(browser, "Ella Ist");
  await push(world.findMessage(page, "Hello!").getByRole("button", { name: "Message actions" }));
  await page.getByRole("menuitem", { name: "Reply" }).focus();
  await press(page, "Enter");
  await button(page, "Remove the quote").waitFor(world.WAIT);

  let form = await openForm(page, "List to choose from");
  await form.box("Text").fill("When do you come?");
  await form.box("Button that opens the list").fill("See the times");
  await form.box("Title of the row", 0).fill("9:00");
  await form.box("Description", 0).fill("With breakfast");
  await push(form.dialog.getByRole("button", { name: "Add a section" }));
  await form.box("Title of the row", 1).fill("14:00");
  await form.submit();
  await world.hasFocus(form.box("Title of the section", 0));
  await form.box("Title of the section", 0).fill("Morning");
  await form.box("Title of the section", 1).fill("Afternoon");
  await form.preview.getByText("With breakfast").waitFor(world.WAIT);
  await form.submit();
  const list = world.findMessage(page, "When do you come?").filter({ hasText: "14:00" });
  await list.getByRole("button", { name: /Hello!/ }).waitFor(world.WAIT);
  // The answer was sent: what follows is none.
  await button(page, "Remove the quote").waitFor({ ...world.WAIT, state: "detached" });

  form = await openForm(page, "Button with a link");
  await form.box("Text").fill("Follow your parcel");
  await form.box("Label").fill("Open");
  await form.box("Address of the page").fill("not a page");
  await form.submit();
  await form.dialog.getByText("Write an address such as").waitFor(world.WAIT);
  await form.box("Address of the page").fill("https://example.com/parcel?id=1");
  await form.submit();
  await world.findMessage(page, "Follow your parcel").waitFor(world.WAIT);
  for (const [item, label] of [["Ask for the location", "Send location"], ["Ask for the phone number", "Share phone number"]]) {
    form = await openForm(page, item);
    await page.keyboard.type(`${item}, please`);
    await form.preview.getByText(label).waitFor(world.WAIT);
    await form.submit();
    await world.findMessage(page, `${item}, please`).filter({ hasText: label }).waitFor(world.WAIT);
  }
  const sent = await listSent(customer, INTERACTIVE);
  assert.deepEqual(sent.map(({ content }) => content.interactiveKind), ["LIST", "CTA_URL", "LOCATION_REQUEST", "CONTACT_REQUEST"]);
  assert.deepEqual(sent[0].content.sections, [
    { title: "Morning", rows: [{ title: "9:00", description: "With breakfast" }] },
    { title: "Afternoon", rows: [{ title: "14:00", description: null }] },
  ]);
  assert.deepEqual(sent[1].content.link, { displayText: "Open", url: "https://example.com/parcel?id=1" });
  await world.close({ page, ...inbox });
});

for (const width of [1440, 390]) {
  test(`assistive technology finds no fault in the forms at ${width} pixels`, async () => {
    const { page, ...inbox } = await openChat(browser, `Fern Forms ${width}`, { width, height: 844 });
    const check = async (name) => {
      for (const theme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: theme });
        await world.capture(page, `forms-${name}-${theme}-${width}`);
        await world.checkAccess(page, `${name} ${theme}`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), name);
      }
    };
    for (const [item, fill] of [
      ["Location", { Latitude: "52.5", Longitude: "13.4", "Name of the place": "Our shop" }],
      ["Contact card", { Name: "Repair desk", "Phone number": "+49 30 123456" }],
      ["Reply buttons", { Text: "Does Friday suit you?", Label: "Yes" }],
      ["List to choose from", { Text: "When do you come?", "Button that opens the list": "See the times", "Title of the row": "9:00" }],
      ["Button with a link", { Text: "Follow your parcel", Label: "Open" }],
    ]) {
      const form = await openForm(page, item);
      for (const [name, value] of Object.entries(fill)) await form.box(name).fill(value);
      await form.submit();
      if (!(await form.dialog.isVisible())) continue;
      await check(item.toLowerCase().replaceAll(" ", "-"));
      // The first one warns.
      await press(page, "Escape", "Escape");
      await form.dialog.waitFor({ ...world.WAIT, state: "detached" });
    }
    await world.close({ page, ...inbox });
  });
}
