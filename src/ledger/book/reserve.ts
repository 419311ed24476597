/**
 * The rule of admission: a request is let in when every rate limit and every budget that it falls under has room for its
 * worst case, and then takes from all of them; otherwise from none. Pure over a BookState.
 */
import type { RateLimitState, RateLimitStates } from '../../tiers/tier.js';
import type { Amounts, BudgetState, RaiseOutcome, Reservation, ReserveOutcome } from '../ledger.js';
import { LedgerError } from '../ledger-error.js';
import { addExactly } from '../money.js';
import { monthOf } from '../month.js';
import { currentSlots, isAhead, type RateKind, rateState, takeRate, waitForMs } from '../rate-window.js';
import type { ReservationTable } from '../sql/schema.js';
import type { BookState, MonthAccount, RateWindow } from './book-state.js';
import { type BookOperation, limitScopeOf } from './book-types.js';
import { correctRate } from './settle.js';

type ReserveOperation = Extract<BookOperation, { readonly type: 'reserve' }>;

/** One limit of one scope, with the window that it is measured by. */
interface Limit {
  readonly kind: RateKind;
  readonly limit: number;
  readonly window: RateWindow;
}

/** The limits stored with the key and those that came with the request. Throws where one has no window to count in. */
const limitsOf = (state: BookState, { keyId, app, rateLimits = [] }: Reservation): Limit[] => {
  const stored = keyId === null ? undefined : state.limits.get(keyId);
  const all = [
    ...(stored === undefined
      ? []
      : [
          {
            of: 'key' as const,
            requestsPerMinute: stored.requests_per_minute,
            tokensPerMinute: stored.tokens_per_minute,
          },
        ]),
    ...rateLimits,
  ];
  if (all.length === 0) return [];
  const windows = new Map(state.windows({ keyId, app }).map((window) => [window.scope, window]));
  return all.flatMap(({ of, requestsPerMinute, tokensPerMinute }) => {
    const scope = limitScopeOf(of, { keyId, app });
    return (['requests', 'tokens'] as const).flatMap((kind): Limit[] => {
      const limit = kind === 'requests' ? requestsPerMinute : tokensPerMinute;
      if (limit === null || scope === null) return [];
      const window = windows.get(scope);
      if (window === undefined)
        throw new LedgerError('unavailable', `Cannot count requests of ${scope}: its rate window is not there.`);
      return [{ kind, limit, window }];
    });
  });
};

/** The state of the limit that leaves least, for requests and for tokens. */
const rateStates = (state: BookState, reservation: Reservation, nowMs: number): RateLimitStates => {
  const limits = limitsOf(state, reservation);
  const tightest = (kind: RateKind): RateLimitState | null =>
    limits
      .filter((one) => one.kind === kind)
      .map(({ limit, window }) => rateState(window.slots, { limit, kind, nowMs }))
      .reduce<RateLimitState | null>(
        (least, one) =>
          least === null ||
          one.remaining < least.remaining ||
          (one.remaining === least.remaining && one.limit < least.limit)
            ? one
            : least,
        null,
      );
  return { requests: tightest('requests'), tokens: tightest('tokens') };
};

/** The limit that makes the request wait longest; null where all have room. */
const refusalOf = (
  limits: readonly Limit[],
  { tokens, nowMs }: { readonly tokens: number; readonly nowMs: number },
): { readonly what: RateKind; readonly limit: number; readonly retryAfterMs: number } | null =>
  limits
    .map(({ kind, limit, window }) => ({
      what: kind,
      limit,
      retryAfterMs: waitForMs(window.slots, { limit, kind, amount: kind === 'requests' ? 1 : tokens, nowMs }),
    }))
    .filter(({ retryAfterMs }) => retryAfterMs > 0)
    .reduce<ReturnType<typeof refusalOf>>(
      (longest, one) => (longest === null || one.retryAfterMs > longest.retryAfterMs ? one : longest),
      null,
    );

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

/** What of a budget has no room for so much more; null where it fits. */
const lackOf = ({ budget, sums }: MonthAccount, { nanoUsd, tokens }: Amounts): 'usd' | 'tokens' | null => {
  const { per_month_nano_usd: usdLimit, per_month_tokens: tokenLimit } = budget;
  if (usdLimit !== null && sums.spent_nano_usd + sums.reserved_nano_usd + nanoUsd > usdLimit) return 'usd';
  if (tokenLimit !== null && sums.spent_tokens + sums.reserved_tokens + tokens > tokenLimit) return 'tokens';
  return null;
};

/** Takes so much from all accounts, or from none: then says which has no room. */
const take = (
  state: BookState,
  accounts: readonly MonthAccount[],
  { nanoUsd, tokens }: Amounts,
): Extract<ReserveOutcome, { readonly type: 'over-budget' }> | null => {
  for (const account of accounts) {
    const what = lackOf(account, { nanoUsd, tokens });
    if (what !== null) return { type: 'over-budget', budget: budgetStateOf(account), what };
  }
  // All sums before any change: one that overflows must leave none of the others changed.
  const sums = accounts.map((account) => ({
    ...account.sums,
    reserved_nano_usd: addExactly(account.sums.reserved_nano_usd, nanoUsd),
    reserved_tokens: addExactly(account.sums.reserved_tokens, tokens),
  }));
  for (const [index, account] of accounts.entries()) state.saveSums(account, sums[index]!);
  return null;
};

const isOwner = (row: ReservationTable, { keyId, app }: Reservation): boolean =>
  row.key_id === keyId && row.app === app;

/** A reservation's row; `rateMs` null where it counts in no rate window. */
const rowOf = (
  { id, keyId, app, expiresMs }: Reservation,
  { nanoUsd, tokens, month, rateMs }: Amounts & { readonly month: string; readonly rateMs: number | null },
): ReservationTable => ({
  id,
  key_id: keyId,
  app,
  month,
  nano_usd: nanoUsd,
  tokens,
  expires_ms: expiresMs,
  rate_ms: rateMs,
});

const taken = (id: string): LedgerError =>
  new LedgerError('conflict', `Cannot reserve for request ${id}: it has another reservation already.`);

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
    if (!isOwner(present, reservation) || present.nano_usd !== nanoUsd || present.tokens !== tokens) throw taken(id);
    return { type: 'reserved', ...rateStates(state, reservation, nowMs) };
  }
  // Kept also where the request is refused: else a window of the future would stay one.
  for (const { scope, slots } of state.windows({ keyId, app }))
    if (isAhead(slots, nowMs)) state.saveSlots(scope, currentSlots(slots, nowMs));
  const refusal = refusalOf(limitsOf(state, reservation), { tokens, nowMs });
  if (refusal !== null) return { type: 'rate-limited', ...refusal, ...rateStates(state, reservation, nowMs) };
  const month = monthOf(nowMs);
  const lack = take(state, state.accounts({ keyId, app, month }), { nanoUsd, tokens });
  if (lack !== null) return lack;
  const windows = state.windows({ keyId, app });
  for (const { scope, slots } of windows) state.saveSlots(scope, takeRate(slots, { nowMs, tokens }));
  state.addReservation(rowOf(reservation, { nanoUsd, tokens, month, rateMs: windows.length === 0 ? null : nowMs }));
  return { type: 'reserved', ...rateStates(state, reservation, nowMs) };
};

/**
 * Sets a reservation to larger amounts, or leaves it as it is where a budget has no room for the difference. Amounts that
 * it has already change nothing, so that a call whose answer was lost can be made again. One that was reaped meanwhile is
 * made anew. The rate limits count the tokens and refuse nothing: the request was let in before. Throws LedgerError
 * `conflict` for a reservation of somebody else.
 */
export const raise = (
  state: BookState,
  { reservation, nowMs }: Pick<ReserveOperation, 'reservation' | 'nowMs'>,
): RaiseOutcome => {
  const { id, keyId, app } = reservation;
  const present = state.reservation(id);
  if (present !== undefined && !isOwner(present, reservation)) throw taken(id);
  const nanoUsd = Math.max(reservation.nanoUsd, present?.nano_usd ?? 0);
  const tokens = Math.max(reservation.tokens, present?.tokens ?? 0);
  const more = { nanoUsd: nanoUsd - (present?.nano_usd ?? 0), tokens: tokens - (present?.tokens ?? 0) };
  if (present !== undefined && more.nanoUsd === 0 && more.tokens === 0) return { type: 'reserved' };
  const month = present?.month ?? monthOf(nowMs);
  const lack = take(state, state.accounts({ keyId, app, month }), more);
  if (lack !== null) return lack;
  if (present === undefined) state.addReservation(rowOf(reservation, { nanoUsd, tokens, month, rateMs: null }));
  else {
    correctRate(state, present, { requests: 0, tokens: -more.tokens });
    state.changeReservation({ ...present, nano_usd: nanoUsd, tokens });
  }
  return { type: 'reserved' };
};

/** A lease takes at most this part of what a budget leaves: what one process holds ahead, others cannot use. */
const leaseShare = 0.01;

/** The part of `wanted` that a budget with this limit can lease out. */
const leasable = (wanted: number, limit: number | null, used: number): number =>
  limit === null ? wanted : Math.min(wanted, Math.max(0, Math.floor((limit - used) * leaseShare)));

/**
 * Reserves for requests to come; see BookOperation. One that is there already is the same lease, asked for again. Throws
 * LedgerError `conflict` for an id that is somebody else's.
 */
export const lease = (
  state: BookState,
  { reservation, least, nowMs }: Pick<Extract<BookOperation, { type: 'lease' }>, 'reservation' | 'least' | 'nowMs'>,
): Amounts | null => {
  const { id, keyId, app } = reservation;
  const present = state.reservation(id);
  if (present !== undefined) {
    if (!isOwner(present, reservation)) throw taken(id);
    return { nanoUsd: present.nano_usd, tokens: present.tokens };
  }
  if (limitsOf(state, reservation).length > 0 || state.windows({ keyId, app }).length > 0) return null;
  const month = monthOf(nowMs);
  const accounts = state.accounts({ keyId, app, month });
  const granted = accounts.reduce<Amounts>(
    ({ nanoUsd, tokens }, { budget, sums }) => ({
      nanoUsd: leasable(nanoUsd, budget.per_month_nano_usd, sums.spent_nano_usd + sums.reserved_nano_usd),
      tokens: leasable(tokens, budget.per_month_tokens, sums.spent_tokens + sums.reserved_tokens),
    }),
    reservation,
  );
  if (granted.nanoUsd < least.nanoUsd || granted.tokens < least.tokens) return null;
  if (take(state, accounts, granted) !== null) return null;
  const { nanoUsd, tokens } = granted;
  state.addReservation(rowOf(reservation, { nanoUsd, tokens, month, rateMs: null }));
  return { nanoUsd, tokens };
};
