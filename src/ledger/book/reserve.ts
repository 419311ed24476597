/**
 * The rule of admission: a request is let in when its key's rate and every budget that it falls under have room for its
 * worst case, and then takes from all of them; otherwise from none. Pure over a BookState.
 */
import type { BudgetState, RateLimitState, Reservation, ReserveOutcome } from '../ledger.js';
import { LedgerError } from '../ledger-error.js';
import { addExactly } from '../money.js';
import { monthOf } from '../month.js';
import { currentSlots, isAhead, type RateKind, rateState, takeRate, waitForMs } from '../rate-window.js';
import type { ReservationTable } from '../sql/schema.js';
import type { BookState, MonthAccount } from './book-state.js';
import type { BookOperation } from './book-types.js';

type ReserveOperation = Extract<BookOperation, { readonly type: 'reserve' }>;

interface Limits {
  readonly requests: number | null;
  readonly tokens: number | null;
}

const limitsOf = (state: BookState, keyId: string | null): Limits => {
  const row = keyId === null ? undefined : state.limits.get(keyId);
  return { requests: row?.requests_per_minute ?? null, tokens: row?.tokens_per_minute ?? null };
};

const rateStates = (
  state: BookState,
  { keyId, nowMs }: { readonly keyId: string | null; readonly nowMs: number },
): { readonly requests: RateLimitState | null; readonly tokens: RateLimitState | null } => {
  const slots = state.slots(keyId) ?? [];
  const limits = limitsOf(state, keyId);
  const of = (kind: RateKind): RateLimitState | null =>
    limits[kind] === null ? null : rateState(slots, { limit: limits[kind], kind, nowMs });
  return { requests: of('requests'), tokens: of('tokens') };
};

export const budgetStateOf = ({ budget, month, sums }: MonthAccount): BudgetState => ({
  id: budget.id,
  keyId: budget.key_id,
  app: budget.app,
  perMonthNanoUsd: budget.per_month_nano_usd,
  perMonthTokens: budget.per_month_tokens,
  month,
  spentNanoUsd: sums.spent_nano_usd,
  reservedNanoUsd: sums.reserved_nano_usd,
  spentTokens: sums.spent_tokens,
  reservedTokens: sums.reserved_tokens,
});

/** What of a budget has no room for the reservation; null where it fits. */
const lackOf = ({ budget, sums }: MonthAccount, { nanoUsd, tokens }: Reservation): 'usd' | 'tokens' | null => {
  const { per_month_nano_usd: usdLimit, per_month_tokens: tokenLimit } = budget;
  if (usdLimit !== null && sums.spent_nano_usd + sums.reserved_nano_usd + nanoUsd > usdLimit) return 'usd';
  if (tokenLimit !== null && sums.spent_tokens + sums.reserved_tokens + tokens > tokenLimit) return 'tokens';
  return null;
};

const isSame = (row: ReservationTable, { keyId, app, nanoUsd, tokens }: Reservation): boolean =>
  row.key_id === keyId && row.app === app && row.nano_usd === nanoUsd && row.tokens === tokens;

/**
 * Admits or refuses. A reservation that is there already with the same amounts is admitted without taking twice, so that
 * a call whose answer was lost can be made again. Throws LedgerError `conflict` for an id that is taken by another.
 */
export const reserve = (
  state: BookState,
  { reservation, nowMs }: Pick<ReserveOperation, 'reservation' | 'nowMs'>,
): ReserveOutcome => {
  const { id, keyId, app, nanoUsd, tokens } = reservation;
  const present = state.reservation(id);
  if (present !== undefined) {
    if (!isSame(present, reservation))
      throw new LedgerError('conflict', `Cannot reserve for request ${id}: it has another reservation already.`);
    return { type: 'reserved', ...rateStates(state, { keyId, nowMs }) };
  }
  const limits = limitsOf(state, keyId);
  let slots = state.slots(keyId);
  if (keyId !== null && slots !== null && isAhead(slots, nowMs)) {
    // Kept also where the request is refused: else a window of the future would stay one.
    slots = currentSlots(slots, nowMs);
    state.saveSlots(keyId, slots);
  }
  for (const [kind, amount] of [
    ['requests', 1],
    ['tokens', tokens],
  ] as const) {
    const limit = limits[kind];
    const retryAfterMs = limit === null ? 0 : waitForMs(slots ?? [], { limit, kind, amount, nowMs });
    if (retryAfterMs > 0)
      return { type: 'rate-limited', what: kind, ...rateStates(state, { keyId, nowMs }), retryAfterMs };
  }
  const accounts = state.accounts({ keyId, app, month: monthOf(nowMs) });
  for (const account of accounts) {
    const what = lackOf(account, reservation);
    if (what !== null) return { type: 'over-budget', budget: budgetStateOf(account), what };
  }
  // All sums before any change: one that overflows must leave none of the others changed.
  const sums = accounts.map((account) => ({
    ...account.sums,
    reserved_nano_usd: addExactly(account.sums.reserved_nano_usd, nanoUsd),
    reserved_tokens: addExactly(account.sums.reserved_tokens, tokens),
  }));
  for (const [index, account] of accounts.entries()) state.saveSums(account, sums[index]!);
  if (keyId !== null && slots !== null) state.saveSlots(keyId, takeRate(slots, { nowMs, tokens }));
  state.addReservation({
    id,
    key_id: keyId,
    app,
    month: monthOf(nowMs),
    nano_usd: nanoUsd,
    tokens,
    expires_ms: reservation.expiresMs,
    rate_ms: slots === null ? null : nowMs,
  });
  return { type: 'reserved', ...rateStates(state, { keyId, nowMs }) };
};
