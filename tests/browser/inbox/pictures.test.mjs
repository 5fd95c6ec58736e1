// Photos, videos, voice messages and files: in the conversation, large, and in the gallery.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { crc32, deflateSync } from "node:zlib";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

const button = (place, name) => place.getByRole("button", { name, exact: true });
/** Some minutes ago or, soon after midnight, an hour before it: an album is of one day. */
const START = findStart();
function findStart() {
  const [now, midnight] = [Date.now(), new Date().setHours(0, 0, 0, 0)];
  const start = now - 1_500_000 < midnight ? midnight - 3_600_000 : now - 1_500_000;
  return Math.floor(start / 60_000) * 60;
}

/** A photo of one colour. */
function makePhoto(hue) {
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    size.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, sum]);
  };
  const [width, height] = [64, 48];
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2], 8);
  const line = Buffer.concat([Buffer.from([0]), ...Array(width).fill(Buffer.from([hue, 255 - hue, (hue * 7) % 256]))]);
  const pixels = deflateSync(Buffer.concat(Array(height).fill(line)));
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"), chunk("IHDR", head), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0)),
  ]).toString("base64");
}

const photo = (index, more = {}, seconds = 60) => ({
  type: "image",
  timestamp: String(START + index * seconds),
  image: { base64: makePhoto((index * 37) % 256), mime_type: "image/png", ...more },
});

async function sendAll(customer, messages) {
  await world.post("inbound", { messages: messages.map((message) => ({ ...customer, ...message })) });
}

/** Reacts as the customer to their message of a minute, or to the newest of the business. */
async function reactTo({ from, name }, minute, emoji) {
  const { contacts } = await world.ask(
    `query ($name: String!) { contacts(search: $name, first: 1) { nodes { conversation {
      messages(first: 20) { nodes { whatsappId timestamp direction } } } } } }`,
    { name },
  );
  const isAsked = ({ timestamp, direction }) =>
    minute === null ? direction === "OUTBOUND" : Date.parse(timestamp) / 1000 === START + minute * 60;
  const { whatsappId } = contacts.nodes[0].conversation.messages.nodes.find(isAsked);
  assert.equal((await world.post("reaction", { from, message_id: whatsappId, emoji })).status, 200);
}

/** Waits until all pictures are there; their elements may be replaced meanwhile. */
const areDecoded = (images) =>
  world.until(() =>
    images.evaluateAll(async (elements) => {
      await Promise.all(elements.map((element) => element.decode()));
      return elements.length > 0;
    }),
  );

test("photos in a row are one album, which opens large with its neighbours", async () => {
  const customer = { from: "16505553301", name: "Pia Foto" };
  await sendAll(customer, [
    photo(0, { caption: "The shop in spring" }),
    ...[1, 2, 3, 4, 5].map((index) => photo(index)),
    { type: "text", text: "That's all", timestamp: String(START + 400) },
  ]);
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await world.openConversation(page, customer.name);
  const album = world.timeline(page).getByRole("list", { name: "5 photos and videos" });
  await world.hasCount(album.getByRole("img", { name: "Photo" }), 4);
  await album.getByText("+2").waitFor(world.WAIT);
  // A photo with a caption stays alone.
  await world.findMessage(page, "The shop in spring").getByRole("button", { name: "Show the photo" }).waitFor(world.WAIT);
  await world.capture(page, "album");

  await button(album, "Show 2 more").click();
  const large = page.getByRole("dialog", { name: /^Photo · / });
  const shows = (minute) => {
    const time = new Date((START + minute * 60) * 1000).toTimeString().slice(0, 5);
    return page.getByRole("dialog", { name: new RegExp(`${time}$`) }).waitFor(world.WAIT);
  };
  await shows(4);
  await areDecoded(large.getByRole("img", { name: "Photo" }));
  await page.keyboard.press("ArrowRight");
  await shows(5);
  await large.getByRole("button", { name: "Next" }).waitFor({ ...world.WAIT, state: "hidden" });
  await page.keyboard.press("ArrowRight");
  for (const minute of [4, 3, 2, 1, 0]) {
    await page.keyboard.press("ArrowLeft");
    await shows(minute);
  }
  await large.getByText("The shop in spring").waitFor(world.WAIT);
  await button(large, "Show in the conversation").click();
  await large.waitFor(world.GONE);

  // Each photo of an album has its own actions, and shows its reactions.
  const [first, last] = [album.getByRole("listitem").first(), album.locator(":scope > li").last()];
  await first.hover();
  await album.getByRole("button", { name: "Message actions" }).first().click();
  await page.getByRole("menuitem", { name: "React with ❤️" }).click();
  await first.getByTitle("❤️ by You").waitFor(world.WAIT);
  // The last one shows those of the photos that it stands for.
  await reactTo(customer, 5, "🎉");
  await last.getByTitle("🎉 by Pia Foto").waitFor(world.WAIT);
  await world.capture(page, "album-reactions");
  await world.hasCount(album.getByRole("img", { name: "Photo" }), 4);
  await world.close(inbox);
});

test("the gallery has all files by kind, loads older ones and leads to their messages", async () => {
  const customer = { from: "16505553302", name: "Gala Rie" };
  await sendAll(customer, [
    { type: "text", text: "From the beginning", timestamp: String(START - 10) },
    ...Array.from({ length: 55 }, (_, index) => photo(index, { caption: `picture ${index}` }, 10)),
    { type: "document", timestamp: String(START + 600), document: { base64: Buffer.from("%PDF-1.4\n%%EOF").toString("base64"), mime_type: "application/pdf", filename: "offer.pdf" } },
  ]);
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await world.openConversation(page, customer.name);
  const panel = page.getByRole("complementary", { name: "Contact" });
  const newest = panel.getByRole("region", { name: "Photos and files" });
  await newest.getByRole("button", { name: /^Photo, / }).nth(3).waitFor(world.WAIT);
  await button(newest, "Show all").click();
  const dialog = page.getByRole("dialog", { name: "Photos and files" });
  const tiles = dialog.getByRole("button", { name: /^Photo, / });
  await tiles.first().waitFor(world.WAIT);
  await world.capture(page, "gallery");
  await world.checkAccess(page, "gallery");
  await world.becomes(async () => {
    await tiles.last().scrollIntoViewIfNeeded();
    return tiles.count();
  }, 55);

  await button(dialog, "Documents").click();
  await dialog.getByRole("link", { name: /offer\.pdf/ }).waitFor(world.WAIT);
  await button(dialog, "Audio").click();
  await dialog.getByText("No voice messages or audio files yet").waitFor(world.WAIT);
  await button(dialog, "Photos and videos").click();
  await tiles.last().click();
  const large = page.getByRole("dialog", { name: /^Photo · / });
  await large.getByText("picture 0", { exact: true }).waitFor(world.WAIT);
  await world.capture(page, "lightbox");
  await world.checkAccess(page, "lightbox");
  await button(large, "Show in the conversation").click();
  await dialog.waitFor(world.GONE);
  await world.isInView(world.findMessage(page, "picture 0").first(), { part: true });
  await world.close(inbox);
});

/** A tone of some seconds. */
function makeSound(seconds) {
  const rate = 8_000;
  const sound = Buffer.alloc(44 + seconds * rate, 128);
  sound.write("RIFF", 0);
  sound.writeUInt32LE(sound.length - 8, 4);
  sound.write("WAVEfmt ", 8);
  sound.writeUInt32LE(16, 16);
  sound.writeUInt16LE(1, 20);
  sound.writeUInt16LE(1, 22);
  sound.writeUInt32LE(rate, 24);
  sound.writeUInt32LE(rate, 28);
  sound.writeUInt16LE(1, 32);
  sound.writeUInt16LE(8, 34);
  sound.write("data", 36);
  sound.writeUInt32LE(seconds * rate, 40);
  for (let index = 44; index < sound.length; index++) sound[index] = 128 + 40 * Math.sin(index / 4);
  return sound;
}

/** Files of ten minutes whose first URL gives their beginning only. Returns the URLs that are asked for, in order. */
async function letExpire(page) {
  // A renewed URL is another one only some minutes later.
  await page.route("**/graphql", async (route) => {
    if (!route.request().postData()?.includes("query MediaUrl")) return route.fallback();
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace("&signature", "&renewed=1&signature") });
  });
  const sound = makeSound(600);
  const urls = [];
  await page.route("**/media/**", (route) => {
    const url = route.request().url();
    if (!urls.includes(url)) urls.push(url);
    const start = Number(/bytes=(\d+)/.exec(route.request().headers().range ?? "")?.[1] ?? 0);
    const isFirst = url === urls[0];
    if (isFirst && start > 0) return route.fulfill({ status: 403 });
    const end = isFirst ? 400_000 : sound.length;
    return route.fulfill({
      status: 206,
      contentType: "audio/wav",
      headers: { "accept-ranges": "bytes", "content-range": `bytes ${start}-${end - 1}/${sound.length}` },
      body: sound.subarray(start, end),
    });
  });
  return urls;
}

test("a voice message whose URL expires goes on in its place", async () => {
  const customer = { from: "16505553303", name: "Volker Ton" };
  const voice = { base64: Buffer.from("OggS voice").toString("base64"), mime_type: "audio/ogg; codecs=opus", voice: true };
  await world.say({ type: "audio", audio: voice }, customer);
  const inbox = await world.openInbox(browser);
  const { page, complaints } = inbox;
  const urls = await letExpire(page);
  await world.openConversation(page, customer.name);
  const player = world.timeline(page).getByRole("group", { name: "Voice message" });
  await player.getByRole("button", { name: "Speed: 1×" }).click();
  const audio = player.locator("audio");
  await audio.evaluate((element) => (element.currentTime = 20));
  await player.getByRole("button", { name: "Play" }).click();
  await page.waitForFunction((url) => document.querySelector("audio").src !== url, urls[0], world.WAIT);
  const playing = await page.waitForFunction(() => {
    const { currentTime, paused, playbackRate } = document.querySelector("audio");
    return currentTime > 21 && { now: currentTime, isPaused: paused, rate: playbackRate };
  }, null, world.WAIT);
  const { now, isPaused, rate } = await playing.jsonValue();
  assert.ok(now < 40, String(now));
  assert.deepEqual([isPaused, rate, urls.length], [false, 1.5, 2]);
  await player.getByRole("button", { name: "Pause" }).click();
  assert.deepEqual(complaints.splice(0).filter((line) => !line.includes("403")), []);
  await world.close(inbox);
});

test("a video whose URL expires goes on in its place", async () => {
  const customer = { from: "16505553305", name: "Vera Film" };
  const video = { base64: Buffer.from("a film").toString("base64"), mime_type: "video/mp4" };
  await world.say({ type: "video", video }, customer);
  const inbox = await world.openInbox(browser);
  const { page, complaints } = inbox;
  // The player of videos takes sounds, too; a film would need an encoder.
  const urls = await letExpire(page);
  await world.openConversation(page, customer.name);
  const player = world.timeline(page).locator("video");
  await player.waitFor(world.WAIT);
  await player.evaluate((element) => {
    element.currentTime = 20;
    element.muted = true;
    void element.play();
  });
  await page.waitForFunction((url) => document.querySelector("video").src !== url, urls[0], world.WAIT);
  const playing = await page.waitForFunction(() => {
    const { currentTime, paused } = document.querySelector("video");
    return currentTime > 21 && { now: currentTime, isPaused: paused };
  }, null, world.WAIT);
  const { now, isPaused } = await playing.jsonValue();
  assert.ok(now < 40, String(now));
  assert.deepEqual([isPaused, urls.length], [false, 2]);
  await player.evaluate((element) => element.pause());
  assert.deepEqual(complaints.splice(0).filter((line) => !line.includes("403")), []);
  await world.close(inbox);
});

test("photos that are sent together become one album, also for another window", async () => {
  const customer = { from: "16505553306", name: "Otto Album" };
  await world.say("Show me the colours", customer);
  const windows = [await world.openInbox(browser), await world.openInbox(browser, { width: 390 })];
  for (const { page } of windows) await world.openConversation(page, customer.name);
  const [{ page }, { page: other }] = windows;
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), button(page, "Attach files").click()]);
  await chooser.setFiles([0, 90, 180].map((hue) => ({
    name: `colour ${hue}.png`, mimeType: "image/png", buffer: Buffer.from(makePhoto(hue), "base64"),
  })));
  await button(page, "Send").click();
  for (const each of [page, other]) {
    const album = world.timeline(each).getByRole("list", { name: "3 photos and videos" });
    await album.waitFor(world.WAIT);
    await areDecoded(album.getByRole("img", { name: "Photo" }));
    // It shows the status of the photo that is least far.
    await world.timeline(each).getByRole("article").filter({ has: each.getByRole("list", { name: "3 photos and videos" }) }).locator('[data-status="READ"]').waitFor(world.WAIT);
    await world.capture(each, `outgoing-album-${each.viewportSize().width}`);
  }
  await reactTo(customer, null, "😍");
  await world.timeline(other).getByTitle("😍 by Otto Album").waitFor(world.WAIT);
  assert.equal(await world.timeline(other).getByRole("list", { name: "3 photos and videos" }).count(), 1);
  for (const each of windows) await world.close(each);
});

test("a message without a view shows what WhatsApp sent, and each line its own direction", async () => {
  const customer = { from: "16505553304", name: "Una Bekannt" };
  await world.say({ type: "hologram", hologram: { shape: "<b>cube</b>" } }, customer);
  await world.say("مرحبا بكم في المتجر\nPrice: 5 EUR", customer);
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await world.openConversation(page, customer.name);
  const message = world.findMessage(page, "can't be shown here: hologram");
  await message.getByText("What WhatsApp sent").click();
  await message.getByText('"shape": "<b>cube</b>"').waitFor(world.WAIT);
  await world.capture(page, "unsupported");
  const sides = await world.findMessage(page, "Price").getByRole("paragraph").evaluate((line) => {
    const box = line.getBoundingClientRect();
    const [node] = line.childNodes;
    return [...line.childNodes].filter((each) => each.textContent.trim()).map((each) => {
      const range = document.createRange();
      range.selectNodeContents(each);
      const { left, right } = range.getBoundingClientRect();
      return Math.abs(left - box.left) < Math.abs(right - box.right) ? "left" : "right";
    });
  });
  assert.ok(sides.includes("left"), JSON.stringify(sides));
  await world.close(inbox);
});

for (const width of [1440, 390]) {
  test(`assistive technology finds no fault in pictures at ${width} pixels`, async () => {
    const inbox = await world.openInbox(browser, { width });
    const { page } = inbox;
    const check = async (name) => {
      for (const theme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: theme });
        await world.capture(page, `${name}-${theme}-${width}`);
        await world.checkAccess(page, `${name} ${theme}`);
      }
    };
    await world.openConversation(page, "Pia Foto");
    const album = world.timeline(page).getByRole("list", { name: "5 photos and videos" });
    await album.getByTitle("🎉 by Pia Foto").waitFor(world.WAIT);
    await areDecoded(album.getByRole("img", { name: "Photo" }).first());
    await check("album");
    await album.getByRole("button", { name: /^Photo, / }).first().click();
    const large = page.getByRole("dialog", { name: /^Photo · / });
    await areDecoded(large.getByRole("img", { name: "Photo" }));
    await check("lightbox");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
    await page.keyboard.press("Escape");
    if (width < 500) await page.getByRole("button", { name: "Contact" }).click();
    await button(page.getByRole("complementary", { name: "Contact" }), "Show all").click();
    await page.getByRole("dialog", { name: "Photos and files" }).getByRole("img").first().waitFor(world.WAIT);
    await check("gallery");
    await world.close(inbox);
  });
}
