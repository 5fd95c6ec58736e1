let count = 0;

const warn = (event: BeforeUnloadEvent): void => event.preventDefault();

/** Until `work` has ended, the browser asks before it closes the page, because unsent data would be lost. */
export async function warnMeanwhile<Result>(work: Promise<Result>): Promise<Result> {
  if (count++ === 0) window.addEventListener("beforeunload", warn);
  try {
    return await work;
  } finally {
    if (--count === 0) window.removeEventListener("beforeunload", warn);
  }
}
