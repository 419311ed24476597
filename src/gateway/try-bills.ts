/**
 * What the tries of one request may cost: those that run, and those that broke off after they were sent and whose bill
 * nobody told. The latter count at the most that they can cost: budgets are never overspent by what was not seen. Pure.
 */
import type { Amounts } from '../ledger/ledger.js';
import type { RouteStep } from '../route/route.js';
import { RemoteError } from '../tiers/remote/remote-error.js';

/** One try, from its beginning. */
export interface TryBill {
  /** The request goes out. */
  sent(): void;
  /** What it took is known, and is booked by itself. */
  settled(): void;
  /** It ended otherwise: with this error, or null where it was left. */
  ended(error: unknown): void;
  /** It never began. */
  dropped(): void;
}

export interface TryBills {
  begin(step: Pick<RouteStep, 'candidate' | 'worstCostNanoUsd'>): TryBill;
  /** The most that all of them together can take, beside what was settled. */
  atMost(): Amounts;
}

/** Providers bill no request that never reached them, and none that they answered with an error status. */
export const mayBeBilled = (error: unknown): boolean =>
  !(error instanceof RemoteError && (error.details.neverSent === true || (error.details.status ?? 0) >= 300));

interface OpenBill {
  readonly nanoUsd: number;
  readonly isPriced: boolean;
}

/** `mostTokens`: of one try, prompt and answer. Own machines without a price send no bill for what they did not finish. */
export const createTryBills = (mostTokens: number): TryBills => {
  const open = new Set<OpenBill>();
  return {
    begin({ candidate, worstCostNanoUsd }) {
      const bill: OpenBill = { nanoUsd: worstCostNanoUsd, isPriced: candidate.price !== null };
      let isSent = false;
      open.add(bill);
      const close = (): void => void open.delete(bill);
      return {
        sent() {
          isSent = true;
        },
        settled: close,
        ended(error) {
          if (!isSent || !bill.isPriced || !mayBeBilled(error)) close();
        },
        dropped: close,
      };
    },
    atMost() {
      let nanoUsd = 0;
      let priced = 0;
      for (const bill of open) {
        nanoUsd += bill.nanoUsd;
        if (bill.isPriced) priced++;
      }
      // Of own machines only one answers in the end, however many were tried beside each other.
      const own = open.size > priced ? 1 : 0;
      return { nanoUsd, tokens: (priced + own) * mostTokens };
    },
  };
};
