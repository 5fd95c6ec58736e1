import { useQuery } from "@apollo/client/react";
import { useRetry } from "@wagraph/client/react";
import { useCallback, useMemo, useRef } from "react";
import { GalleryDocument, type GalleryItemFragment, type MessageType } from "../generated/graphql.js";

export type Media = Extract<NonNullable<GalleryItemFragment["content"]>, { __typename: "MediaContent" }>;

/** A message with a file. */
export interface MediaMessage {
  id: string;
  direction: GalleryItemFragment["direction"];
  timestamp: string;
  media: Media;
}

export const KINDS = { pictures: ["IMAGE", "VIDEO"], documents: ["DOCUMENT"], audio: ["AUDIO"] } as const satisfies Record<
  string,
  readonly MessageType[]
>;
export type Kind = keyof typeof KINDS;

interface Gallery {
  /** Newest first; undefined until the first page is here. */
  messages: readonly MediaMessage[] | undefined;
  error: Error | undefined;
  hasMore: boolean;
  /** Loads older ones, once for calls at the same time. */
  loadMore(): void;
}

/** The files of a conversation that are stored, which live events keep right. */
export function useGallery(conversationId: string, kind: Kind): Gallery {
  const { data, error, fetchMore, refetch } = useQuery(GalleryDocument, {
    variables: { conversationId, types: [...KINDS[kind]] },
  });
  useRetry(error, refetch);
  const list = data?.conversation?.messages;
  const cursor = list?.pageInfo.hasNextPage ? list.pageInfo.endCursor : null;
  const loading = useRef<string | null>(null);
  const loadMore = useCallback(() => {
    if (!cursor || loading.current === cursor) return;
    loading.current = cursor;
    const end = () => (loading.current = null);
    fetchMore({ variables: { after: cursor } }).then(end, end);
  }, [cursor, fetchMore]);
  const messages = useMemo(() => list?.nodes.flatMap(readMedia), [list]);
  return { messages, error, hasMore: cursor !== null, loadMore };
}

/** Returns the message with its file, if it has one that can be shown. */
export function readMedia({ id, direction, timestamp, deletedAt, content }: GalleryItemFragment): MediaMessage[] {
  if (deletedAt || content?.__typename !== "MediaContent" || content.state !== "STORED" || !content.url) return [];
  return [{ id, direction, timestamp, media: content }];
}
