/**
 * Group commit for callers on the event loop: one batch at a time, and what arrives meanwhile is the next batch. Knows
 * nothing of what is batched.
 */

export interface Lane<Item, Result> {
  /** The result of this item; rejects with what its batch failed with. */
  add(item: Item): Promise<Result>;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** `run` gets up to `most` items and resolves with one result for each, in their order. */
export const createLane = <Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  options: { readonly most: number },
): Lane<Item, Result> => {
  const queue: Waiting<Item, Result>[] = [];
  let running = false;

  const runAll = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue.splice(0, options.most);
      try {
        const results = await run(batch.map(({ item }) => item));
        for (const [index, { resolve }] of batch.entries()) resolve(results[index]!);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    running = false;
  };

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        queue.push({ item, resolve, reject });
        if (running) return;
        running = true;
        // What comes in the same turn of the event loop goes along.
        setImmediate(() => void runAll());
      }),
  };
};
