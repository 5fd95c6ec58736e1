// The customer's phone of the sandbox: writes, presses, reads and listens as a customer.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

const SEND = /* GraphQL */ `
  mutation Send($to: ID!, $content: MessageContentInput!, $reply: ID) {
    sendMessage(input: { to: { conversationId: $to }, content: $content, replyToMessageId: $reply }) {
      message { id }
      userErrors { code message }
    }
  }
`;
const CONVERSATION = /* GraphQL */ `
  query Conversation($search: String!) {
    contacts(first: 1, search: $search) {
      nodes {
        conversation {
          id
          messages(first: 50) {
            nodes {
              id text editedAt deletedAt
              replyTo { id }
              reactions { emoji }
              content {
                typeName
                ... on MediaContent { filename voice state }
                ... on InteractiveReplyContent { replyKind replyId title }
                ... on CallContent { durationSeconds }
              }
            }
          }
        }
      }
    }
  }
`;

const bubble = (page, text) => world.timeline(page).getByRole("article").filter({ hasText: text });
const write = async (page, text) => {
  await page.getByRole("textbox", { name: "Message to the business" }).fill(text);
  await page.keyboard.press("Enter");
};

/** Asks the server for the conversation until `isDone(messages)`. */
async function waitFor(name, isDone) {
  for (const deadline = Date.now() + world.WAIT.timeout; ; ) {
    const { contacts } = await world.ask(CONVERSATION, { search: name });
    const conversation = contacts.nodes[0]?.conversation;
    const messages = conversation?.messages.nodes.reverse() ?? []; // oldest first
    if (conversation && isDone(messages)) return { id: conversation.id, messages };
    assert.ok(Date.now() < deadline, JSON.stringify(messages.slice(-3)));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function send(to, content, reply) {
  const { sendMessage } = await world.ask(SEND, { to, content, reply });
  assert.deepEqual(sendMessage.userErrors, []);
}

async function openCustomer(customer, options) {
  const phone = await world.openPhone(browser, options);
  const { page } = phone;
  await page.getByRole("button", { name: "New customer" }).click();
  const dialog = page.getByRole("dialog", { name: "New customer" });
  await dialog.getByLabel("Name").fill(customer.name);
  await dialog.getByLabel("Phone number").fill(customer.phone);
  await page.keyboard.press("Enter");
  await page.getByText(`The phone of ${customer.name}`).waitFor(world.WAIT);
  return phone;
}

test("a customer and the business write, quote, react, edit and delete", async () => {
  const name = "Paula Text";
  const phone = await openCustomer({ name, phone: "+1 650 555 4001" });
  const { page } = phone;
  await write(page, "Is the *green* one at https://shop.example/p/1?");
  await bubble(page, "Is the green one").locator("strong", { hasText: "green" }).waitFor(world.WAIT);
  const link = bubble(page, "Is the green one").getByRole("link");
  assert.deepEqual(
    await link.evaluate(({ href, rel, target }) => [href, rel, target]),
    ["https://shop.example/p/1", "noopener noreferrer nofollow", "_blank"],
  );

  const { id, messages } = await waitFor(name, (found) => found.length === 1);
  await world.ask(`mutation ($id: ID!) { setTyping(input: { conversationId: $id }) { userErrors { code } } }`, { id });
  await page.getByRole("main").getByRole("status").filter({ hasText: "typing …" }).waitFor(world.WAIT);
  await send(id, { text: { body: "It is, in _all_ sizes." } }, messages[0].id);
  await send(id, { reaction: { messageId: messages[0].id, emoji: "🙏" } });
  const answer = bubble(page, "It is, in all sizes.");
  await answer.getByRole("img", { name: "read", exact: true }).waitFor(world.WAIT);
  await answer.getByRole("button", { name: /^You\s*Is the green one/ }).waitFor(world.WAIT);
  await page.getByRole("img", { name: "Reactions: 🙏" }).waitFor(world.WAIT);

  // By keyboard alone.
  await answer.getByRole("button", { name: /^Options/ }).press("Enter");
  await page.getByRole("button", { name: "React with 👍" }).press("ArrowRight");
  await page.getByRole("button", { name: "React with ❤️" }).press("Enter");
  await page.getByRole("img", { name: "Reactions: ❤️" }).waitFor(world.WAIT);
  await answer.getByRole("button", { name: /^Options/ }).click();
  await page.getByRole("button", { name: "Reply" }).click();
  await write(page, "Then I take two");
  await bubble(page, "Then I take two").getByRole("button", { name: /It is, in all sizes/ }).waitFor(world.WAIT);

  await bubble(page, "Then I take two").getByRole("button", { name: /^Options/ }).click();
  await page.getByRole("button", { name: "Edit" }).click();
  await write(page, "Then I take three");
  await bubble(page, "Then I take three").getByText("Edited").waitFor(world.WAIT);
  await write(page, "Forget this");
  await bubble(page, "Forget this").getByRole("button", { name: /^Options/ }).click();
  await page.getByRole("button", { name: "Delete for everyone" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await bubble(page, "You deleted this message").waitFor(world.WAIT);

  const stored = await waitFor(name, (found) => found.some(({ deletedAt }) => deletedAt));
  const reply = stored.messages.find(({ text }) => text === "Then I take three");
  const quoted = stored.messages.find(({ text }) => text === "It is, in _all_ sizes.");
  assert.ok(reply.editedAt);
  assert.equal(reply.replyTo.id, quoted.id);
  assert.deepEqual(quoted.reactions.map(({ emoji }) => emoji), ["❤️"]);
  assert.equal(stored.messages.length, 4);
  await world.close(phone);
});

test("a customer sends files, voice, a place, a contact, a sticker, and calls", async () => {
  const name = "Fiona Files";
  const phone = await openCustomer({ name, phone: "+1 650 555 4002" }, { height: 600, permissions: ["microphone"] });
  const { page } = phone;
  for (let line = 0; line < 12; line++) await write(page, `Line ${line}`);
  const attach = async (item) => {
    await page.getByRole("button", { name: "Attach" }).click();
    await page.getByRole("button", { name: item }).click();
  };
  const chooseFile = async (item, file) => {
    const chooser = page.waitForEvent("filechooser");
    await attach(item);
    await (await chooser).setFiles(file);
  };
  const sendDialog = () => page.getByRole("dialog").getByRole("button", { name: "Send", exact: true }).click();

  await chooseFile("Photo or video", world.PICTURE);
  await page.getByRole("dialog", { name: "Send a photo" }).getByLabel("Caption").fill("My *old* one");
  await page.keyboard.press("Enter");
  const photo = world.timeline(page).getByRole("img", { name: "My *old* one" });
  await photo.waitFor(world.WAIT);
  await world.until(() =>
    photo.evaluate((image) => {
      const { top, bottom } = image.getBoundingClientRect();
      return image.complete && top > 0 && bottom < document.getElementById("composer").getBoundingClientRect().top;
    }),
  );

  await chooseFile("Document", { name: "measures.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(12_000, "%PDF-1.4\n") });
  await sendDialog();
  await bubble(page, "measures.pdf").getByText("PDF · 12 kB").waitFor(world.WAIT);
  await attach("Location");
  await sendDialog();
  await bubble(page, "Philz Coffee").waitFor(world.WAIT);
  await attach("Contact");
  await sendDialog();
  await bubble(page, "Marta Ruiz").waitFor(world.WAIT);
  await attach("Sticker");
  await page.getByRole("button", { name: "Sticker 🥳" }).click();
  await world.timeline(page).getByRole("img", { name: "Sticker" }).waitFor(world.WAIT);

  await page.getByRole("button", { name: "Record a voice message" }).click();
  await page.getByText(world.lasts(1, "Recording ")).waitFor(world.WAIT);
  await page.getByRole("button", { name: "Send the recording" }).click();
  const play = page.getByRole("button", { name: "Play: voice message" });
  await play.click();
  await page.getByRole("button", { name: "Speed 1×" }).click();
  await page.getByRole("button", { name: "Speed 1.5×" }).waitFor(world.WAIT);

  await page.getByRole("button", { name: "Call the business" }).click();
  await page.getByRole("dialog").getByText(world.lasts(1)).waitFor(world.WAIT);
  await page.getByRole("button", { name: "Hang up" }).click();
  await bubble(page, /Voice call, \d+:\d\d/).waitFor(world.WAIT);

  const { messages } = await waitFor(name, (found) => found.some(({ content }) => content.durationSeconds));
  const shown = messages.slice(12).map(({ content }) => content);
  assert.deepEqual(
    shown.map(({ typeName }) => typeName),
    ["image", "document", "location", "contacts", "sticker", "audio", "call"],
  );
  assert.deepEqual([shown[1].filename, shown[5].voice], ["measures.pdf", true]);
  await world.close(phone);
});

test("a picture that gets its height before the last scroll is reported stays in view", async () => {
  const phone = await openCustomer({ name: "Hugo Height", phone: "+1 650 555 4005" }, { height: 600 });
  const { page } = phone;
  for (let line = 0; line < 12; line++) await write(page, `Line ${line}`);
  await bubble(page, "Line 11").waitFor(world.WAIT);
  await world.grows(world.timeline(page));
  await world.isAtEnd(world.timeline(page));

  let release;
  const isReleased = new Promise((resolve) => (release = resolve));
  await page.route("**/sandbox/media/**", async (route) => (await isReleased, route.continue()));
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Attach" }).click();
  await page.getByRole("button", { name: "Photo or video" }).click();
  await (await chooser).setFiles(world.PICTURE);
  await page.getByRole("dialog", { name: "Send a photo" }).getByRole("button", { name: "Send", exact: true }).click();
  const photo = world.timeline(page).getByRole("img", { name: "Photo" });
  await photo.waitFor({ ...world.WAIT, state: "attached" });
  release();
  await world.until(() => photo.evaluate((image) => image.complete && image.clientHeight > 50));
  await world.isAtEnd(world.timeline(page));
  await world.close(phone);
});

test("a customer presses what templates, buttons and lists offer", async () => {
  const name = "Bea Button";
  const phone = await openCustomer({ name, phone: "+1 650 555 4003" });
  const { page } = phone;
  await write(page, "What can I choose?");
  const { id } = await waitFor(name, (found) => found.length === 1);
  const given = (name, text) => ({ name, value: { text } });
  const template = {
    reference: { byName: { name: "appointment_confirmed", language: "en_US" } },
    parameters: {
      header: { text: "on Monday" },
      body: [given("first_name", "Bea"), given("day", "on Monday"), given("time", "10:00")],
    },
  };
  await send(id, { template });
  const shown = bubble(page, "Bea, we expect you on Monday at 10:00.");
  await shown.getByText("See you on Monday").waitFor(world.WAIT);
  await shown.getByText("Call us if you can't come").waitFor(world.WAIT);
  assert.equal(await shown.getByRole("link", { name: "Call us" }).getAttribute("href"), "tel:+15550783881");
  assert.equal(await shown.getByRole("link", { name: "Our page" }).getAttribute("href"), "https://shop.example/visit");

  await send(id, {
    template: {
      reference: { byName: { name: "spring_offer", language: "en_US" } },
      parameters: {
        header: { image: { source: { link: "https://cdn.example/spring.jpg" } } },
        body: [given("first_name", "Bea"), given("discount", "20 %")],
      },
    },
  });
  await bubble(page, "everything green is 20 % off").getByRole("button", { name: "Show me", exact: true }).click();
  await send(id, { interactive: { buttons: { body: "Delivery or pick-up?", buttons: [{ id: "d", title: "Delivery" }, { id: "p", title: "Pick-up" }] } } });
  await bubble(page, "Delivery or pick-up?").getByRole("button", { name: "Pick-up", exact: true }).click();
  const rows = [{ id: "am", title: "Morning", description: "8 to 12" }, { id: "pm", title: "Afternoon" }];
  await send(id, { interactive: { list: { body: "When?", button: "Choose a time", sections: [{ title: "Monday", rows }] } } });
  await bubble(page, "When?").getByRole("button", { name: "Choose a time", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Choose a time" });
  await dialog.getByRole("radio", { name: "Morning 8 to 12" }).check();
  await dialog.getByRole("button", { name: "Send" }).click();

  const { messages } = await waitFor(name, (found) => found.length === 8);
  const pressed = messages.filter(({ replyTo }) => replyTo);
  assert.deepEqual(
    pressed.map(({ content }) => [content.replyKind, content.replyId, content.title]),
    [["TEMPLATE_BUTTON", "Show me", "Show me"], ["BUTTON", "p", "Pick-up"], ["LIST", "am", "Morning"]],
  );
  const textOf = (wanted) => messages.find(({ id: each }) => each === wanted.replyTo.id).text;
  assert.deepEqual(pressed.map(textOf).slice(1), ["Delivery or pick-up?", "When?"]);
  await world.close(phone);
});

test("new messages do not move what is read, and texts do nothing", async () => {
  const customer = { from: "16505554004", name: "Rita <b>Reader</b>" };
  const messages = Array.from({ length: 60 }, (_, index) => ({ ...customer, type: "text", text: `line ${index}\n${"words ".repeat(index % 30)}` }));
  await world.post("inbound", { messages });
  await world.say(`<img src=x onerror="document.title='owned'"> javascript:alert(1) https://user:pw@evil.example`, customer);
  const phone = await world.openPhone(browser, { height: 700 });
  const { page } = phone;
  await page.getByRole("link", { name: /Rita/ }).click();
  const log = world.timeline(page);
  await bubble(page, "onerror").waitFor(world.WAIT);
  assert.deepEqual(await log.evaluate((box) => [box.querySelectorAll("img, a, script").length, document.title]), [0, "Customer's phone · wagraph sandbox"]);

  await log.evaluate((box) => (box.scrollTop = box.scrollHeight / 2));
  await page.getByRole("button", { name: "To the newest message" }).waitFor(world.WAIT);
  const placeOf = () => bubble(page, "line 30").evaluate((row) => row.getBoundingClientRect().top);
  const before = await placeOf();
  const { id } = await waitFor(customer.from, (found) => found.length > 40);
  await send(id, { text: { body: "An answer below" } });
  await page.getByRole("button", { name: "1 new message" }).waitFor(world.WAIT);
  assert.equal(await placeOf(), before);
  await page.getByRole("button", { name: "1 new message" }).click();
  await world.isAtEnd(log);
  await world.close(phone);
});

for (const width of [1280, 390]) {
  test(`the page is usable and without fault at ${width} pixels in both themes`, async () => {
    const phone = await world.openPhone(browser, { width, height: 844 });
    const { page } = phone;
    const check = async (name) => {
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), name);
      for (const theme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: theme });
        await world.capture(page, `phone-${name}-${theme}-${width}`);
        await world.checkAccess(page, `${name} ${theme}`);
      }
    };
    const customers = page.getByRole("navigation", { name: "Choose a customer" });
    await customers.getByRole("link", { name: /Sheena Nelson/ }).waitFor(world.WAIT);
    if (width === 390) {
      assert.equal(await page.getByRole("main").isVisible(), false);
      assert.ok((await customers.boundingBox()).height > 500);
    }
    await check("list");
    await customers.getByRole("link", { name: /Sheena Nelson/ }).click();
    await bubble(page, "Do you deliver?").waitFor(world.WAIT);
    await world.becomes(() => customers.isVisible(), width !== 390);
    await check("chat");
    await bubble(page, "Do you deliver?").getByRole("button", { name: /^Options/ }).click();
    await check("menu");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Attach" }).click();
    await page.getByRole("button", { name: "Location" }).click();
    await check("dialog");
    await page.keyboard.press("Escape");
    if (width === 390) {
      await page.getByRole("link", { name: "All customers" }).tap();
      await customers.waitFor(world.WAIT);
      await page.goBack();
      await bubble(page, "Do you deliver?").waitFor(world.WAIT);
    }
    await world.close(phone);
  });
}
