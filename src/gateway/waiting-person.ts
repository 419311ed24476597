/** A person who waits with their request and can be asked; their time does not count as the request's. */
import type { AskConsent } from './consent-gate.js';

export interface WaitingPerson {
  /** Null: nobody can be asked. */
  readonly ask: AskConsent | null;
  /** Milliseconds that their answers took so far. */
  spentMs(): number;
}

const nobody: WaitingPerson = { ask: null, spentMs: () => 0 };

export const waitingPerson = (askConsent: AskConsent | undefined): WaitingPerson => {
  if (askConsent === undefined) return nobody;
  let spentMs = 0;
  return {
    async ask(question) {
      const fromMs = performance.now();
      try {
        return await askConsent(question);
      } finally {
        spentMs += performance.now() - fromMs;
      }
    },
    spentMs: () => spentMs,
  };
};
