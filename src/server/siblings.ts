/**
 * Servers that share one port: each keeps some things in its own memory, and asks the others for what it does not have.
 * Knows no process and no way of sending.
 */
import type { StoredResponse } from './responses/response-store.js';

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

/** The one of them that has it. */
export const askForResponse = async (
  siblings: Siblings,
  wanted: { readonly id: string; readonly owner: string },
): Promise<StoredResponse | null> => {
  const answers = await siblings.ask({ type: 'response', ...wanted });
  return (answers.find((answer) => answer !== null) as StoredResponse | undefined) ?? null;
};
