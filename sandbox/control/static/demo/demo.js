// The inbox beside the customer's phone. The key in the address signs in to the inbox.

const element = (id) => document.getElementById(id);

async function showInbox() {
  const { inbox_url: server } = await (await fetch("sandbox/settings")).json();
  element("absent").hidden = server !== null;
  element("inbox").hidden = server === null;
  if (server === null) return;
  const { hash } = location;
  // Where the address is seen or kept, the key is not.
  if (hash) history.replaceState(null, "", location.pathname);
  element("inbox").src = `${server}/${hash}`;
}

/** Opens the phone at the customer who wrote or was written to last. */
async function showPhone() {
  const { conversations } = await (await fetch("sandbox/conversations")).json();
  const timeOf = ({ messages }) => messages.at(-1)?.timestamp ?? 0;
  const [newest] = conversations.sort((one, other) => timeOf(other) - timeOf(one));
  element("phone").src = `./#${newest ? encodeURIComponent(newest.id) : ""}`;
}

// On a narrow screen one of both is shown.
function showSide(side) {
  document.body.dataset.side = side;
  for (const button of document.querySelectorAll("button[data-side]"))
    button.setAttribute("aria-pressed", button.dataset.side === side);
}

for (const button of document.querySelectorAll("button[data-side]"))
  button.addEventListener("click", () => showSide(button.dataset.side));
showInbox();
showPhone();
