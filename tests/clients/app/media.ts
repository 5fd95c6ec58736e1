import { MediaUrls } from "@wagraph/client";
import type { App } from "./connect.js";
import { MediaUrlDocument } from "./generated/graphql.js";

/** Returns URLs for `<img src>` and `<video src>`. On the event `error` of the element, call `renew`. */
export function createMediaUrls({ apollo }: App): MediaUrls {
  return new MediaUrls(async (messageId) => {
    const { data } = await apollo.query({
      query: MediaUrlDocument,
      variables: { messageId },
      fetchPolicy: "network-only",
    });
    const content = data?.message?.content;
    return content && "url" in content ? content.url : null;
  });
}
