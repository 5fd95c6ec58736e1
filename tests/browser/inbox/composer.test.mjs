// What is typed, attached and recorded, by keyboard alone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { button, chooseMore, field, listSent, openChat, press, push } from "./composing.mjs";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch("--use-fake-device-for-media-stream")));
after(() => browser?.close());

test("emoji are found by words, and those used last come first", async () => {
  const { page, customer, ...inbox } = await openChat(browser, "Emma Oji");
  await push(button(page, "Emoji"));
  const search = page.getByRole("combobox", { name: "Search emoji" });
  await page.getByRole("option", { name: "grinning face", exact: true }).waitFor(world.WAIT);
  await world.hasFocus(search);
  await page.keyboard.type("party pop");
  const option = page.getByRole("option", { name: "party popper", selected: true });
  await option.waitFor(world.WAIT);
  await press(page, "Enter");
  await page.waitForFunction(() => document.activeElement.value === "🎉", null, world.WAIT);
  await page.keyboard.type(" See you ");

  await push(button(page, "Emoji"));
  const recent = page.getByRole("group", { name: "Recently used" });
  await recent.waitFor(world.WAIT);
  await world.hasTexts(recent.getByRole("option"), ["🎉"]);
  await page.keyboard.type("qqqq");
  await page.getByRole("status").filter({ hasText: "Nothing found" }).waitFor(world.WAIT);
  await search.fill("");
  await recent.waitFor(world.WAIT);
  await press(page, "ArrowDown", "ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft");
  await page.getByRole("option", { name: "grinning face", exact: true, selected: true }).waitFor(world.WAIT);
  await press(page, "Enter");
  await page.waitForFunction(() => document.activeElement.value === "🎉 See you 😀", null, world.WAIT);
  // Escape gives the field the focus, and changes nothing.
  await push(button(page, "Emoji"));
  await search.waitFor(world.WAIT);
  await press(page, "Escape");
  await page.waitForFunction(() => document.activeElement.value === "🎉 See you 😀", null, world.WAIT);
  await press(page, "Enter");
  await world.findMessage(page, "🎉 See you 😀").waitFor(world.WAIT);
  await world.close({ page, ...inbox });
});

test("keys and the menu format what is selected, and take the format away", async () => {
  const { page, customer, ...inbox } = await openChat(browser, "Fay Matt");
  const shows = (text) => world.hasValue(field(page), text);
  await press(page, "r");
  await page.keyboard.type("open today");
  await press(page, "Control+Shift+ArrowLeft", "Control+b");
  await shows("open *today*");
  await press(page, "Control+i");
  await shows("open *_today_*");
  await press(page, "Control+i", "Control+b");
  await shows("open today");
  await press(page, "Control+Shift+x");
  await shows("open ~today~");
  await press(page, "Control+z");
  await shows("open today");

  await press(page, "End", "Shift+Enter");
  await page.keyboard.type("or tomorrow");
  await press(page, "Control+a");
  await push(button(page, "Format the text"));
  await page.getByRole("menuitem", { name: "Numbered list" }).focus();
  await press(page, "Enter");
  await page.waitForFunction(() => document.activeElement.value === "1. open today\n2. or tomorrow", null, world.WAIT);
  await press(page, "End", "Enter");
  await world.findMessage(page, "or tomorrow").getByRole("listitem").filter({ hasText: "open today" }).waitFor(world.WAIT);
  await world.close({ page, ...inbox });
});

test("several files have captions and an order, and unfit ones are explained", async () => {
  const { page, customer, ...inbox } = await openChat(browser, "Phil Iles");
  const attach = async (...files) => {
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), push(button(page, "Attach files"))]);
    await chooser.setFiles(files);
  };
  const picture = (name) => ({ ...world.PICTURE, name });
  const bytes = (size) => Buffer.alloc(size, 1);
  for (const [file, words] of [
    [{ name: "new.webp", mimeType: "image/webp", buffer: bytes(9) }, "Send it as JPEG or PNG."],
    [{ name: "old.avi", mimeType: "video/x-msvideo", buffer: bytes(9) }, "Send it as MP4"],
    [{ name: "big.png", mimeType: "image/png", buffer: bytes(5 * 1024 * 1024 + 1) }, "big.png is too large: WhatsApp takes up to 5 MB."],
    [{ name: "none.pdf", mimeType: "application/pdf", buffer: bytes(0) }, "none.pdf is empty."],
  ]) {
    await attach(file);
    await page.getByText(words).waitFor(world.WAIT);
  }
  const list = page.getByRole("list", { name: "Files to send" });
  assert.equal(await list.count(), 0);

  await attach(picture("a.png"), picture("b.png"), picture("c.png"));
  await list.getByRole("textbox", { name: "Caption of a.png" }).fill("The front");
  await list.getByRole("textbox", { name: "Caption of b.png" }).fill("The back");
  await push(list.getByRole("button", { name: "Send b.png earlier" }));
  await push(list.getByRole("button", { name: "Remove c.png" }));
  await world.hasTexts(list.locator("bdi"), ["b.png", "a.png"]);
  // They wait while the user is in another conversation.
  await world.openConversation(page, "Amir Haddad");
  await list.waitFor(world.GONE);
  await world.openConversation(page, "Phil Iles");
  await world.hasTexts(list.locator("bdi"), ["b.png", "a.png"]);
  await field(page).fill("Which one?");
  await field(page).press("Enter");
  await world.findMessage(page, "Which one?").locator('[data-status="READ"]').waitFor(world.WAIT);
  const sent = await listSent(customer, "text content { ... on MediaContent { caption } }");
  assert.deepEqual(sent.map(({ type, text }) => [type, text]), [["IMAGE", "The back"], ["IMAGE", "The front"], ["TEXT", "Which one?"]]);
  await world.close({ page, ...inbox });
});

test("a file that is not sent comes back at once, also after a visit elsewhere", async () => {
  const { page, customer, ...inbox } = await openChat(browser, "Reese Tore");
  const list = page.getByRole("list", { name: "Files to send" });
  const isUpload = (request) => (request.headers()["content-type"] ?? "").startsWith("multipart/");
  // Uploads never end.
  await page.route("**/graphql", (route) => (isUpload(route.request()) ? undefined : route.continue()));
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), push(button(page, "Attach files"))]);
  await chooser.setFiles({ ...world.PICTURE, name: "late.png" });
  await list.getByText("late.png").waitFor(world.WAIT);
  await push(button(page, "Send"));
  await list.waitFor({ state: "detached", ...world.WAIT });

  await world.openConversation(page, "Amir Haddad");
  await world.openConversation(page, "Reese Tore");
  await push(page.getByRole("button", { name: "Cancel the upload" }));
  await list.getByText("late.png").waitFor(world.WAIT);
  // Its preview is still there.
  await page.waitForFunction(() => document.querySelector('[aria-label="Files to send"] img').naturalWidth > 0, null, world.WAIT);
  assert.deepEqual(await listSent(customer, ""), []);
  await world.close({ page, ...inbox });
});

test("the composer takes dropped files, and leaves dropped text to the field", async () => {
  const { page, ...inbox } = await openChat(browser, "Di Ropp");
  const list = page.getByRole("list", { name: "Files to send" });
  const drop = (isFile) =>
    field(page).evaluate((element, isFile) => {
      const dataTransfer = new DataTransfer();
      if (isFile) dataTransfer.items.add(new File(["a"], "plan.pdf", { type: "application/pdf" }));
      else dataTransfer.setData("text/plain", "words");
      const isPrevented = (type) => !element.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
      return ["dragover", "drop"].map(isPrevented);
    }, isFile);
  assert.deepEqual(await drop(false), [false, false]);
  assert.equal(await list.count(), 0);
  assert.deepEqual(await drop(true), [true, true]);
  await list.getByText("plan.pdf").waitFor(world.WAIT);
  await world.close({ page, ...inbox });
});

test("a draft survives a reload with the message that it answers, and a note stays one", async () => {
  const { page, customer, ...inbox } = await openChat(browser, "Drew Aft");
  await push(world.findMessage(page, "Hello!").getByRole("button", { name: "Message actions" }));
  await page.getByRole("menuitem", { name: "Reply" }).focus();
  await press(page, "Enter");
  await field(page).fill("Half an answer");
  await page.reload();
  await button(page, "Remove the quote").waitFor(world.WAIT);
  await world.hasValue(field(page), "Half an answer");
  await field(page).press("Enter");
  const answer = world.findMessage(page, "Half an answer");
  await answer.getByRole("button", { name: /Hello!/ }).waitFor(world.WAIT);
  // A reload does not interrupt its request.
  await answer.locator('[data-status="READ"]').waitFor(world.WAIT);

  await press(page, "Escape", "n");
  await page.keyboard.type("Only for us");
  await page.reload();
  await field(page, "Note").waitFor(world.WAIT);
  await world.hasValue(field(page, "Note"), "Only for us");
  await field(page, "Note").press("Enter");
  await page.getByRole("article", { name: /^Note by/ }).filter({ hasText: "Only for us" }).waitFor(world.WAIT);
  assert.deepEqual((await listSent(customer, "text")).map(({ text }) => text), ["Half an answer"]);
  await world.close({ page, ...inbox });
});

test("a reply that the end of the window overtakes is kept, and becomes a note", async () => {
  const customer = { from: "16505554499", name: "Wim Dow" };
  const timestamp = String(Math.floor(Date.now() / 1000) - 23.5 * 3600);
  await world.say({ type: "text", text: "Still there?", timestamp }, customer);
  const { page, ...inbox } = await world.openInbox(browser);
  await page.clock.install();
  await page.reload();
  await world.openConversation(page, customer.name);
  await page.getByText(/^Only \d+ min left to write freely$/).waitFor(world.WAIT);
  await field(page).fill("One moment");
  await page.clock.fastForward("31:00");
  await page.getByText("Your text stays here.").waitFor(world.WAIT);
  await world.until(() => button(page, "Send").isDisabled());
  await world.until(() => button(page, "More to send").isDisabled());
  await field(page).press("Enter");
  await push(button(page, "Keep it as a note"));
  await page.keyboard.press("Enter");
  await page.getByRole("article", { name: /^Note by/ }).filter({ hasText: "One moment" }).waitFor(world.WAIT);
  assert.deepEqual(await listSent(customer, "text"), []);
  await world.close({ page, ...inbox });
});

test("a quick reply brings its file", async () => {
  const { accounts } = await world.ask("{ accounts { nodes { id } } }");
  const form = new FormData();
  const query = `mutation ($file: Upload!, $accountId: ID!) { uploadMedia(input: { accountId: $accountId, file: $file }) { upload { id } userErrors { message } } }`;
  form.set("operations", JSON.stringify({ query, variables: { file: null, accountId: accounts.nodes[0].id } }));
  form.set("map", JSON.stringify({ 0: ["variables.file"] }));
  form.set("0", new Blob([world.PICTURE.buffer], { type: "image/png" }), "price-list.png");
  const answer = await fetch(`${world.SERVER}/graphql`, {
    method: "POST",
    headers: { authorization: `Bearer ${world.KEY}`, "x-graphql-yoga-csrf": "1", "apollo-require-preflight": "1" },
    body: form,
  });
  const { data } = await answer.json();
  await world.ask(
    `mutation ($accountId: ID!, $uploadId: ID!) {
      createQuickReply(input: { accountId: $accountId, shortcut: "prices", text: "Our prices", uploadId: $uploadId }) { userErrors { message } }
    }`,
    { accountId: accounts.nodes[0].id, uploadId: data.uploadMedia.upload.id },
  );
  const { page, customer, ...inbox } = await openChat(browser, "Quinn Ick");
  await press(page, "r");
  await page.keyboard.type("/pri");
  await page.getByRole("option", { name: /prices/ }).waitFor(world.WAIT);
  await press(page, "Enter");
  await page.getByRole("list", { name: "Files to send" }).getByText("price-list.png").waitFor(world.WAIT);
  await press(page, "Enter");
  await world.findMessage(page, "Our prices").locator('[data-status="READ"]').waitFor(world.WAIT);
  const [sent] = await listSent(customer, "text");
  assert.deepEqual([sent.type, sent.text], ["IMAGE", "Our prices"]);
  await world.close({ page, ...inbox });
});


test("a voice message is recorded, heard and sent as OGG with Opus", async () => {
  const { page, customer, ...inbox } = await openChat(browser, "Vic Oice");
  // Headless Chromium gives its fake microphone unasked: as if the user refused once.
  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => {
      delete navigator.mediaDevices.getUserMedia;
      return Promise.reject(new DOMException("Refused", "NotAllowedError"));
    };
  });
  await chooseMore(page, "Voice message");
  await page.getByText("The page gets no sound.").waitFor(world.WAIT);
  await page.getByRole("group", { name: "Recorder" }).waitFor({ ...world.WAIT, state: "detached" });

  await page.context().grantPermissions(["microphone"]);
  await chooseMore(page, "Voice message");
  const recorder = page.getByRole("group", { name: "Recorder" });
  await recorder.getByText(world.lasts(2)).waitFor(world.WAIT);
  await push(recorder.getByRole("button", { name: "Finish" }));
  const draft = page.getByRole("list", { name: "Files to send" }).getByRole("group", { name: "Voice message" });
  await draft.getByText(world.lasts(2)).waitFor(world.WAIT);
  await page.waitForFunction(() => document.activeElement.tagName === "TEXTAREA", null, world.WAIT);
  await press(page, "Enter");
  const message = world.timeline(page).getByRole("article").filter({ has: page.getByRole("group", { name: "Voice message" }) });
  await message.locator('[data-status="READ"]').waitFor(world.WAIT);

  const [{ content }] = await listSent(customer, "content { ... on MediaContent { kind voice mimeType url } }");
  assert.deepEqual([content.kind, content.voice], ["AUDIO", true]);
  assert.match(content.mimeType, /^audio\/ogg/);
  const file = Buffer.from(await (await fetch(content.url)).arrayBuffer());
  const pages = readOggPages(file);
  assert.deepEqual([pages[0].flags, pages.at(-1).flags], [2, 4]);
  assert.equal(pages[0].content.subarray(0, 8).toString(), "OpusHead");
  // One channel, as WhatsApp requires.
  assert.equal(pages[0].content[9], 1);
  const seconds = await page.evaluate(async (bytes) => {
    const audio = await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(Uint8Array.from(bytes).buffer);
    return audio.duration;
  }, [...file]);
  assert.ok(seconds > 1.5 && seconds < 60, String(seconds));
  assert.ok(Math.abs(pages.at(-1).samples / 48_000 - seconds) < 0.1, `${pages.at(-1).samples}`);
  await world.close({ page, ...inbox });
});

/** Reads the pages of an Ogg file, and checks their numbers and checksums. */
function readOggPages(file) {
  const pages = [];
  for (let start = 0; start < file.length; ) {
    assert.equal(file.toString("latin1", start, start + 4), "OggS");
    const lacing = file.subarray(start + 27, start + 27 + file[start + 26]);
    const end = start + 27 + lacing.length + lacing.reduce((sum, length) => sum + length, 0);
    assert.equal(file.readUInt32LE(start + 18), pages.length);
    const unsigned = Buffer.from(file.subarray(start, end));
    unsigned.writeUInt32LE(0, 22);
    assert.equal(file.readUInt32LE(start + 22), checksum(unsigned), `page ${pages.length}`);
    const samples = Number(file.readBigUInt64LE(start + 6));
    pages.push({ flags: file[start + 5], samples, content: file.subarray(start + 27 + lacing.length, end) });
    start = end;
  }
  return pages;
}

/** Division of polynomials bit by bit, as the specification of Ogg describes it. */
function checksum(bytes) {
  let rest = 0n;
  for (const byte of bytes) {
    rest ^= BigInt(byte) << 24n;
    for (let bit = 0; bit < 8; bit++) rest = (rest << 1n) ^ (rest & 0x80000000n ? 0x104c11db7n : 0n);
  }
  return Number(rest);
}

for (const width of [1440, 390]) {
  test(`assistive technology finds no fault in the composer at ${width} pixels`, async () => {
    const { page, ...inbox } = await openChat(browser, `Ada Access ${width}`, { width, height: 844 });
    const check = async (name) => {
      for (const theme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: theme });
        await world.capture(page, `composer-${name}-${theme}-${width}`);
        await world.checkAccess(page, `${name} ${theme}`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), name);
      }
    };
    await push(button(page, "Emoji"));
    await page.getByRole("option", { name: "grinning face", exact: true }).waitFor(world.WAIT);
    await check("emoji");
    await press(page, "Escape");
    await push(button(page, "Format the text"));
    await page.getByRole("menu").waitFor(world.WAIT);
    await check("format");
    await press(page, "Escape");
    await page.getByRole("menu").waitFor(world.GONE);
    await push(button(page, "More to send"));
    await page.getByRole("menu").waitFor(world.WAIT);
    await check("more");
    await press(page, "Escape");
    await world.close({ page, ...inbox });
  });
}
