/**
 * The tables, as types. The same on SQLite and PostgreSQL: texts and whole numbers only.
 *
 * Times are milliseconds since 1970, money whole nanodollars, months `2026-03`.
 */

export interface KeyTable {
  id: string;
  name: string;
  app: string | null;
  reach: string | null;
  requests_per_minute: number | null;
  tokens_per_minute: number | null;
  /** SHA-256 of the secret, hex. */
  hash: string;
  created_ms: number;
  revoked_ms: number | null;
}

/** One row for each scope that has a limit, made before its first request so that it can be locked. */
export interface RateWindowTable {
  /** `all`, `key:ID` or `app:NAME`: what it counts. */
  scope: string;
  /** JSON of `[timeMs, requests, tokens]` triples; see rate-window.ts. */
  slots: string;
}

export interface BudgetTable {
  id: string;
  /** `all`, `key:ID` or `app:NAME`: what it counts. */
  scope: string;
  key_id: string | null;
  app: string | null;
  per_month_nano_usd: number | null;
  per_month_tokens: number | null;
}

/** What was spent and reserved against a budget in a month; no row means nothing. */
export interface BudgetMonthTable {
  budget_id: string;
  month: string;
  spent_nano_usd: number;
  reserved_nano_usd: number;
  spent_tokens: number;
  reserved_tokens: number;
}

/** What is reserved now; a row goes when it is settled, released or reaped. */
export interface ReservationTable {
  id: string;
  key_id: string | null;
  app: string | null;
  /** The month that it was reserved in, and will be booked in. */
  month: string;
  nano_usd: number;
  tokens: number;
  expires_ms: number;
  /** The moment that it counts for in the rate windows of its scopes; null where there are none. */
  rate_ms: number | null;
}

export interface ConsentTable {
  id: string;
  provider: string;
  model: string;
  key_id: string | null;
  app: string | null;
  content_hash: string;
  scope: string;
  created_ms: number;
  expires_ms: number;
  state: string;
  /** SHA-256 of the token of a yes, hex. */
  token_hash: string | null;
}

/** One row: the database's chain of receipts and its head. */
export interface ChainTable {
  chain: string;
  sequence: number;
  digest: string | null;
}

export interface ReceiptTable {
  chain: string;
  sequence: number;
  id: string;
  previous: string | null;
  digest: string;
  signer: string;
  signature: string;
  /** JSON of where the digest stands among those that were signed together. */
  proof: string;
  /** Canonical JSON, as it was signed. */
  body: string;
  key_id: string | null;
  app: string | null;
  tier: string;
  model: string;
  /** The month that it is booked in. */
  month: string;
  ended_ms: number;
  prompt_tokens: number;
  completion_tokens: number;
  /** As booked. */
  nano_usd: number;
  tokens: number;
}

export interface SignerTable {
  id: string;
  /** PEM. */
  public_key: string;
}

export interface LedgerTables {
  keys: KeyTable;
  rate_windows: RateWindowTable;
  budgets: BudgetTable;
  budget_months: BudgetMonthTable;
  reservations: ReservationTable;
  consents: ConsentTable;
  chains: ChainTable;
  receipts: ReceiptTable;
  signers: SignerTable;
}
