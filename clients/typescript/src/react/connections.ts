/** Fields of a list that the hooks read. */
export interface Connection {
  nodes: readonly unknown[];
  pageInfo: {
    hasNextPage: boolean;
    endCursor: string | null;
    hasPreviousPage: boolean;
    startCursor: string | null;
  };
}

/** The type of a list's items. */
export type ItemOf<List> = NonNullable<List> extends { nodes: readonly (infer Item)[] } ? Item : never;
