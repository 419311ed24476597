/**
 * Servers that share one port: each keeps some things in its own memory, and asks the others for what it does not have.
 * Knows no process and no way of sending.
 */

/** Questions and answers are plain data. */
export type SiblingQuestion =
  /** Answered with a `MetricsSnapshot`. */
  | { readonly type: 'metrics' }
  /** Answered with a `StoredResponse` or null. */
  | { readonly type: 'response'; readonly id: string; readonly owner: string }
  /** Answered with true where it was there. */
  | { readonly type: 'delete-response'; readonly id: string; readonly owner: string };

export interface Siblings {
  /** What the others answered; without those that did not in time. */
  ask(question: SiblingQuestion): Promise<readonly unknown[]>;
}
