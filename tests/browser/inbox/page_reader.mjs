/** What the inbox shows, read from the page by scrolling as a person would: lists may draw only what is in view. */

/** The rows of the list, the counts of the filters, and all items of the open conversation, from old to new. */
export async function readPage(page) {
  const list = await page.evaluate(() => {
    const rows = [...document.querySelectorAll("ul[aria-label='Conversations'] > li[data-index]")];
    return rows
      .sort((one, other) => Number(one.dataset.index) - Number(other.dataset.index))
      .map((row) => [
        decodeURIComponent(row.querySelector("a").hash.slice("#/c/".length)),
        Number(row.querySelector("[class*=unread] > [aria-hidden]")?.textContent ?? 0),
        row.querySelector("[data-status]")?.dataset.status ?? null,
      ]);
  });
  const counts = await page
    .locator("[data-filter]:not([data-filter=mine])")
    .evaluateAll((buttons) => buttons.map((button) => Number(button.lastElementChild.textContent)));
  return { rows: list, counts, items: await readTimeline(page) };
}

/** Scrolls to the beginning of the conversation, then to its end. Returns [id, status] of each item. */
const readTimeline = (page) =>
  page.evaluate(async () => {
    const box = document.querySelector("[role=log]");
    const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    const scrollUntil = async (isThere, move) => {
      for (let calm = 0, step = 0; calm < 4 && step < 2_000; step++) {
        move();
        await pause(30);
        calm = isThere() ? calm + 1 : 0;
      }
    };
    const found = new Map();
    const collect = () => {
      const rows = [...box.querySelectorAll("[data-item]")];
      const ids = new Set(rows.map(({ dataset }) => dataset.item));
      if (ids.size !== rows.length) throw new Error("An item is shown twice.");
      for (const row of rows) found.set(row.dataset.item, row.querySelector("article footer [data-status]")?.dataset.status ?? null);
    };
    await scrollUntil(() => box.textContent.includes("The conversation begins here"), () => (box.scrollTop = 0));
    await scrollUntil(
      // Elsewhere there is a button that leads to the newest message.
      () => box.scrollTop + box.clientHeight >= box.scrollHeight - 2 && !box.parentElement.querySelector(":scope > button"),
      () => {
        collect();
        box.scrollTop += box.clientHeight * 0.7;
      },
    );
    collect();
    return [...found];
  });
