/**
 * The bounded waiting line, fair between clients: the client that has been served least (in tokens) goes next, each
 * client's own requests in the order in which they came.
 *
 * Charging tokens as they are served is the virtual token counter of Sheng et al., "Fairness in Serving Large Language
 * Models" (OSDI 2024). Round robin with deficits would have to know the length of an answer before it is made. Nobody
 * starves: a waiting client's count stands still while every admission raises another's.
 */

interface Client<Item> {
  served: number;
  readonly waiting: Item[];
  /** Requests that wait or run; at 0 the client is forgotten. */
  alive: number;
}

export interface FairQueue<Item> {
  readonly size: number;
  /** False when the queue is full. */
  push(client: string, item: Item): boolean;
  /** The next item; it stays first until it is taken, removed, or a client with less service comes. */
  peek(): Item | null;
  /** Takes what `peek` shows. */
  take(): void;
  /** Takes a waiting item out; false where it does not wait. */
  remove(client: string, item: Item): boolean;
  /** An item of this client that had been taken is done. */
  leave(client: string): void;
  charge(client: string, tokens: number): void;
  items(): Iterable<Item>;
}

export const createFairQueue = <Item>(limit: number): FairQueue<Item> => {
  const clients = new Map<string, Client<Item>>();
  let size = 0;
  /** Service level at which newcomers start: nobody saves up credit by staying away. */
  let level = 0;

  const forget = (name: string, client: Client<Item>): void => {
    client.alive--;
    if (client.alive === 0) clients.delete(name);
  };

  const next = (): Client<Item> | null => {
    let best: Client<Item> | null = null;
    for (const client of clients.values())
      if (client.waiting.length > 0 && (best === null || client.served < best.served)) best = client;
    return best;
  };

  return {
    get size() {
      return size;
    },
    push(name, item) {
      if (size >= limit) return false;
      let client = clients.get(name);
      if (client === undefined) {
        client = { served: level, waiting: [], alive: 0 };
        clients.set(name, client);
      } else if (client.waiting.length === 0) client.served = Math.max(client.served, level);
      client.waiting.push(item);
      client.alive++;
      size++;
      return true;
    },
    peek: () => next()?.waiting[0] ?? null,
    take() {
      const client = next();
      if (client === null) return;
      client.waiting.shift();
      size--;
      level = Math.max(level, client.served);
    },
    remove(name, item) {
      const client = clients.get(name);
      const index = client?.waiting.indexOf(item) ?? -1;
      if (client === undefined || index < 0) return false;
      client.waiting.splice(index, 1);
      size--;
      forget(name, client);
      return true;
    },
    leave(name) {
      const client = clients.get(name);
      if (client !== undefined) forget(name, client);
    },
    charge(name, tokens) {
      const client = clients.get(name);
      if (client !== undefined) client.served += tokens;
    },
    *items() {
      for (const client of clients.values()) yield* client.waiting;
    },
  };
};
