/** What the ledger's side can be asked: to settle so many requests with so many in flight, in a file of its choice. */
export interface SettleQuestion {
  /** URL of the ledger; made where it is not there. */
  readonly url: string;
  readonly requests: number;
  readonly inFlight: number;
}

export interface SettleAnswer {
  /** From the first reservation to the last durable receipt. */
  readonly seconds: number;
  /** Longest time that the server's event loop was held up meanwhile. */
  readonly longestBlockMs: number;
}

export type LedgerProtocol = {
  readonly settle: readonly [SettleQuestion, SettleAnswer];
};
