/**
 * The Ledger contract: who may spend what, what was spent, who said yes to what, and the receipts of it.
 *
 * Money is whole nanodollars (1e-9 USD), times are milliseconds since 1970. Every method rejects with LedgerError
 * `unavailable` while the database is away: callers then refuse requests rather than run them unbooked.
 */
import type { Reach } from '../route/reach.js';
import type { RateLimitStates } from '../tiers/tier.js';
import type { ReceiptBody, SignedReceipt } from '../trust/receipt.js';

export interface KeyRecord {
  readonly id: string;
  readonly name: string;
  readonly app: string | null;
  readonly reach: Reach | null;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly createdMs: number;
  readonly revokedMs: number | null;
}

export interface BudgetRecord {
  readonly id: string;
  /** Exactly one of key and app, or neither for everything. */
  readonly keyId: string | null;
  readonly app: string | null;
  readonly perMonthNanoUsd: number | null;
  readonly perMonthTokens: number | null;
}

/** What a budget says now; `reserved` may still come back. */
export interface BudgetState extends BudgetRecord {
  readonly month: string;
  readonly spentNanoUsd: number;
  readonly reservedNanoUsd: number;
  readonly spentTokens: number;
  readonly reservedTokens: number;
}

export interface Amounts {
  /** Whole nanodollars. */
  readonly nanoUsd: number;
  /** Prompt and answer. */
  readonly tokens: number;
}

/** Its amounts are the most that the request can take. */
export interface Reservation extends Amounts {
  /** Unique; the request's id. */
  readonly id: string;
  readonly keyId: string | null;
  readonly app: string | null;
  /** After this the reaper gives it back. */
  readonly expiresMs: number;
  /** Limits that hold beside those stored with the key; a limit of keys or apps holds for none without one. */
  readonly rateLimits?: readonly RateLimit[];
}

/** What may be asked in any 60 seconds by the request's key, by its app, or by everybody together. */
export interface RateLimit {
  readonly of: 'key' | 'app' | 'all';
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

export type RaiseOutcome =
  | { readonly type: 'reserved' }
  | { readonly type: 'over-budget'; readonly budget: BudgetState; readonly what: 'usd' | 'tokens' };

export type ReserveOutcome =
  | ({ readonly type: 'reserved' } & RateLimitStates)
  | ({
      readonly type: 'rate-limited';
      readonly what: 'requests' | 'tokens';
      /** The one that is reached: per minute. */
      readonly limit: number;
      readonly retryAfterMs: number;
    } & RateLimitStates)
  | Extract<RaiseOutcome, { readonly type: 'over-budget' }>;

export interface Settlement extends Amounts {
  readonly reservationId: string;
  readonly receipt: ReceiptBody;
}

export interface ConsentRecord {
  readonly id: string;
  readonly provider: string;
  readonly model: string;
  /** Who asked; the yes is no one else's. */
  readonly keyId: string | null;
  readonly app: string | null;
  /** SHA-256 of the exact outgoing bytes, lower-case hex; with `scope` conversation, of what identifies it. */
  readonly contentHash: string;
  readonly scope: 'request' | 'conversation';
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly state: 'asked' | 'granted' | 'refused' | 'used';
}

export type ConsentRefusal =
  | 'unknown'
  | 'other-caller'
  | 'refused'
  | 'expired'
  | 'used'
  | 'other-provider'
  | 'other-content';

export type ConsentRedemption =
  | { readonly outcome: 'ok'; readonly consent: ConsentRecord }
  | { readonly outcome: ConsentRefusal };

export interface UsageQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly by: readonly ('key' | 'app' | 'model' | 'tier' | 'day' | 'month')[];
}

export interface UsageRow {
  /** One value for each name in `by`. */
  readonly group: Readonly<Record<string, string | null>>;
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly nanoUsd: number;
}

/** A key that signed receipts here; `id` is what receipts call `signer`. */
export interface SignerRecord {
  readonly id: string;
  readonly publicKeyPem: string;
}

export interface Ledger {
  createKey(key: {
    readonly name: string;
    readonly app?: string;
    readonly reach?: Reach;
    readonly requestsPerMinute?: number;
    readonly tokensPerMinute?: number;
  }): Promise<{ readonly record: KeyRecord; readonly secret: string }>;
  /** The key's record; null for a secret that is unknown or revoked. */
  identify(secret: string): Promise<KeyRecord | null>;
  listKeys(): Promise<readonly KeyRecord[]>;
  revokeKey(id: string): Promise<void>;

  /** Creates or replaces the budget of its key, app or everything. */
  setBudget(budget: Omit<BudgetRecord, 'id'>): Promise<BudgetRecord>;
  removeBudget(id: string): Promise<void>;
  budgets(): Promise<readonly BudgetState[]>;

  /** Takes the worst case from every budget that it falls under, or from none. */
  reserve(reservation: Reservation): Promise<ReserveOutcome>;
  /**
   * Sets a reservation to larger amounts, for a request that may cost more than was thought; where a budget has no room
   * for the difference, it stays as it is. Amounts that it has already are no error.
   */
  raise(reservation: Reservation): Promise<RaiseOutcome>;
  /** Books what it took, gives the rest back and keeps the receipt; resolves once that is durable. */
  settle(settlement: Settlement): Promise<void>;
  /** Gives a reservation back whole; none of that id is no error. */
  release(reservationId: string): Promise<void>;
  /** Gives back what expired; returns how many. */
  reap(nowMs: number): Promise<number>;

  askConsent(consent: Omit<ConsentRecord, 'state'>): Promise<void>;
  consent(id: string): Promise<ConsentRecord | null>;
  /** Answers once; returns the token of a yes. Throws LedgerError `consent-unknown`, `-expired` or `-answered`. */
  answerConsent(id: string, grant: boolean, nowMs: number): Promise<{ readonly token: string | null }>;
  /** Uses a token for these bytes at this provider, by who asked: atomically, once for the scope `request`. */
  redeemConsent(redemption: {
    readonly token: string;
    readonly provider: string;
    readonly contentHash: string;
    readonly keyId: string | null;
    readonly app: string | null;
    readonly nowMs: number;
  }): Promise<ConsentRedemption>;

  usage(query: UsageQuery): Promise<readonly UsageRow[]>;
  receipt(id: string): Promise<SignedReceipt | null>;
  /** In the order of their chain; `after` is a sequence number. */
  receipts(query: {
    readonly chain?: string;
    readonly after?: number;
    readonly limit: number;
  }): Promise<readonly SignedReceipt[]>;
  /** What the receipts verify against. */
  signers(): Promise<readonly SignerRecord[]>;

  close(): Promise<void>;
}
