/**
 * Runs pieces of work as they are asked for, at most so many at the same time; the others wait for their turn.
 *
 * @param count pieces at the same time, at least 1
 * @returns a function that starts a piece, or waits until one may start, and gives its result or failure
 */
export function atMost(count: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < count) running++;
    else await new Promise<void>((start) => waiting.push(start));
    try {
      return await work();
    } finally {
      // The place is handed on as it is, so that nobody takes it in between.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
