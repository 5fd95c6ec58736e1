// Keyset pagination over (time, _id), newest or oldest first, in the shape of Relay connections.

import { badInput } from "./access.mjs";
import { readCursor, writeCursor } from "./ids.mjs";

const MAX_PAGE_SIZE = 100;
const MAX_COUNT = 10_000;

/** One page of what matches `filter`. `order` has the name in its cursors, and the field of time. */
export async function connect(collection, filter, { order, projection, page }) {
  const backward = page.last != null;
  const size = page.last ?? page.first ?? 50;
  if (size < 0 || size > MAX_PAGE_SIZE) {
    throw badInput(`\`first\` and \`last\` must be between 0 and ${MAX_PAGE_SIZE}.`);
  }
  const direction = order.descending === backward ? 1 : -1;
  // One more than asked for tells whether the list goes on.
  const found = await collection
    .find(bound(filter, order, page), { projection })
    .sort({ [order.field]: direction, _id: direction })
    .limit(size + 1)
    .toArray();
  const goesOn = found.length > size;
  if (goesOn) found.pop();
  if (backward) found.reverse();
  const edges = found.map((node) => ({
    cursor: writeCursor(order.name, node[order.field], node._id),
    node,
  }));
  return {
    edges,
    pageInfo: {
      hasNextPage: backward ? page.before != null : goesOn,
      hasPreviousPage: backward ? goesOn : page.after != null,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    nodes: found,
    count: async () => {
      const number = await collection.countDocuments(filter, { limit: MAX_COUNT + 1 });
      return { value: Math.min(number, MAX_COUNT), isCapped: number > MAX_COUNT };
    },
  };
}

function bound(filter, order, { after, before }) {
  const bounds = [];
  if (after != null) bounds.push(beyond(order, after, order.descending));
  if (before != null) bounds.push(beyond(order, before, !order.descending));
  return bounds.length ? { $and: [filter, ...bounds] } : filter;
}

function beyond(order, cursor, goesDown) {
  const [at, id] = readCursor(order.name, cursor);
  const further = goesDown ? "$lt" : "$gt";
  // The range stands apart so that an index scan starts there.
  return {
    [order.field]: { [`${further}e`]: at },
    $or: [{ [order.field]: { [further]: at } }, { [order.field]: at, _id: { [further]: id } }],
  };
}
