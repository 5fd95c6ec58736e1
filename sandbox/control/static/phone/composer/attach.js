// What a customer sends beside text: files with a caption, stickers, places, cards.

import { element, make, makeButton, showSize } from "../dom.js";
import { guard, mediaUrl, upload } from "../sandbox.js";

const STICKERS = ["😍", "🥳", "😂", "🙌", "💚", "👀", "🤔", "👢"];
const STICKER_SIZE = 512; // pixels, as WhatsApp wants it

const kindOf = (file) => {
  const kind = file.type.split("/")[0];
  return ["image", "video", "audio"].includes(kind) ? kind : "document";
};

/** Opens a dialog; `send(form)` gets its fields once it is sent. */
export function ask(name, send) {
  const dialog = element(`${name}-dialog`);
  dialog.returnValue = "cancel";
  dialog.addEventListener(
    "close",
    () => dialog.returnValue === "send" && send(new FormData(dialog.querySelector("form"))),
    { once: true },
  );
  dialog.showModal();
}

export function askForPlace(send) {
  ask("place", (form) => {
    const location = { latitude: Number(form.get("latitude")), longitude: Number(form.get("longitude")) };
    for (const name of ["name", "address"]) if (form.get(name)) location[name] = form.get(name);
    send({ type: "location", location });
  });
}

export function askForCard(send) {
  ask("card", (form) => {
    const name = form.get("name");
    send({ type: "contacts", contacts: [makeCard(name, form.get("phone"))] });
  });
}

export const makeCard = (name, phone) => ({
  name: { formatted_name: name, first_name: name },
  phones: phone ? [{ phone, wa_id: phone.replace(/\D/g, ""), type: "CELL" }] : [],
});

/** Uploads the file, shows it, and sends it with a caption. */
export function askForFile(file, { asDocument, conversation, send }) {
  const kind = asDocument ? "document" : kindOf(file);
  return guard(async () => {
    const id = await upload(file, conversation.phone_number_id);
    element("file-title").textContent = kind === "document" ? "Send a document" : `Send ${kind === "image" ? "a photo" : `the ${kind}`}`;
    element("file-preview").replaceChildren(drawPreview(kind, id, file));
    element("caption").value = "";
    element("caption").hidden = kind === "audio";
    ask("file", (form) => {
      const caption = form.get("caption")?.trim();
      const content = { id, ...(caption ? { caption } : {}), ...(kind === "document" ? { filename: file.name } : {}) };
      send({ type: kind, [kind]: content });
    });
  });
}

function drawPreview(kind, id, file) {
  if (kind === "document") return make("p", "", make("span", "head", file.name), make("br"), showSize(file.size));
  const tag = { image: "img", video: "video", audio: "audio" }[kind];
  const preview = make(tag, "preview");
  preview.src = mediaUrl(id);
  if (kind === "image") preview.alt = file.name;
  else preview.controls = true;
  return preview;
}

/** Opens the choice of stickers; each is drawn from an emoji. */
export function askForSticker(conversation, send) {
  const dialog = element("sticker-dialog");
  const buttons = STICKERS.map((emoji) => {
    const button = makeButton("", () => (dialog.close(), guard(() => sendSticker(emoji, conversation, send))), emoji);
    button.setAttribute("aria-label", `Sticker ${emoji}`);
    return button;
  });
  element("stickers").replaceChildren(...buttons);
  dialog.showModal();
}

async function sendSticker(emoji, conversation, send) {
  const canvas = make("canvas", "");
  canvas.width = canvas.height = STICKER_SIZE;
  const context = canvas.getContext("2d");
  context.font = `${STICKER_SIZE * 0.78}px sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(emoji, STICKER_SIZE / 2, STICKER_SIZE * 0.54);
  const picture = await new Promise((resolve) => canvas.toBlob(resolve, "image/webp"));
  const id = await upload(picture, conversation.phone_number_id, "sticker.webp");
  await send({ type: "sticker", sticker: { id, animated: false } });
}
