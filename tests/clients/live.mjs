// What an app needs to never miss an event and never see one twice, with graphql-ws or graphql-sse:
// both send the variables anew when they reconnect, and `after` is then where they were.

/** Subscribes so that every reconnect goes on after the last event. Returns what ends it. */
export function follow(client, { query, variables }, sink) {
  let after = variables?.after ?? null;
  const resuming = {
    ...variables,
    get after() {
      return after;
    },
  };
  return client.subscribe({ query, variables: resuming }, {
    ...sink,
    next(result) {
      for (const event of Object.values(result.data ?? {})) after = event?.cursor ?? after;
      sink.next(result);
    },
    error: (error) => sink.error(error),
    complete: () => sink.complete?.(),
  });
}

/** Trying again helps, but not where the key was refused or the client is wrong. */
export const shouldRetry = (event) => ![4400, 4401, 4403, 4406].includes(event?.code);
