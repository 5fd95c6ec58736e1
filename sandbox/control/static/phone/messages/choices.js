// What the customer can press below a message: reply buttons, lists, links, forms and requests.

import { openList } from "./list_dialog.js";
import { make, makeButton, makeIcon, makeLink } from "../dom.js";

/** `answer(message, reply)` sends a reply; `act` has what opens a dialog instead. */
export function drawChoices(message, { answer, act }) {
  if (message.from_customer || message.is_deleted) return [];
  const content = message.content ?? {};
  const press = (reply) => () => answer(message, reply);
  const buttons = message.type === "template" ? drawTemplateButtons(content, press) : [];
  if (message.type === "interactive") buttons.push(...drawActions(content, { press, act, message }));
  return buttons.length ? [make("div", "choices", ...buttons)] : [];
}

function drawTemplateButtons(content, press) {
  const parts = [content, ...(content.cards ?? [])];
  return parts.flatMap((part) => [
    ...(part.buttons ?? []).map((text) => {
      const button = { payload: part.payloads?.[text] ?? text, text };
      return makeButton("", press({ type: "button", button }), makeIcon("reply"), text);
    }),
    ...(part.links ?? []).map((link) => drawLink(link, press)),
  ]);
}

function drawLink({ text, type, url, phone, code }, press) {
  if (/^https?:\/\//.test(url ?? "")) return makeLink("", url, makeIcon("open"), text);
  if (phone) return makeLink("", `tel:${phone}`, makeIcon("call"), text);
  if (code) return makeButton("", (event) => copy(code, event.currentTarget), makeIcon("copy"), text);
  if (type === "FLOW") return makeButton("", press(makeFlowReply({})), makeIcon("list"), text);
  return make("span", "foot", text);
}

async function copy(code, button) {
  await navigator.clipboard.writeText(code);
  button.lastChild.textContent = `Copied ${code}`;
}

function drawActions({ type, action }, { press, act, message }) {
  const { button, buttons = [], sections = [], name, parameters = {} } = action ?? {};
  if (type === "button")
    return buttons.map(({ reply }) => makeButton("", press(makeReply("button_reply", reply)), makeIcon("reply"), reply.title));
  if (type === "list") {
    const choose = (row) => press(makeReply("list_reply", row))();
    return [makeButton("", () => openList(button, sections, choose), makeIcon("list"), button)];
  }
  switch (name) {
    case "send_location": return [makeButton("", () => act.sendPlace(message), makeIcon("place"), "Send location")];
    case "request_contact_info": return [makeButton("", () => act.sendOwnCard(message), makeIcon("contact"), "Share contact info")];
    case "cta_url": return [drawLink({ text: parameters.display_text, url: parameters.url }, press)];
    case "flow": return [makeButton("", press(makeFlowReply(parameters)), makeIcon("list"), parameters.flow_cta)];
    default: return [];
  }
}

// The form is not drawn: pressing it sends it back with what it began with.
function makeFlowReply({ flow_token = "unused", flow_action_payload }) {
  const response = { ...flow_action_payload?.data, flow_token };
  return makeReply("nfm_reply", { name: "flow", body: "Sent", response_json: JSON.stringify(response) });
}

const makeReply = (kind, reply) => ({ type: "interactive", interactive: { type: kind, [kind]: reply } });
