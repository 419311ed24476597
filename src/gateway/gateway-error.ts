/**
 * The errors of the gateway room: why a request ran nowhere, or stopped. Codes are closed; `server` maps them to HTTP.
 */
import type { PassedOver } from '../route/route.js';
import type { RateLimitStates } from '../tiers/tier.js';

/** What a person is asked: one request, to one third party. */
export interface ConsentQuestion {
  readonly id: string;
  readonly provider: string;
  readonly model: string;
  readonly method: string;
  readonly url: string;
  /** The exact bytes that would go out, after redaction, as text; credentials are added on the way. */
  readonly body: string;
  /** SHA-256 over method, URL and body (`contentHashOf`), lower-case hex. */
  readonly contentHash: string;
  /** `request`: a yes holds for these bytes, once. `conversation`: for what goes on from the same beginning. */
  readonly scope: 'request' | 'conversation';
  /** Replaced things by kind. */
  readonly redactions: Readonly<Record<string, number>>;
  /** Most that it can cost, whole nanodollars (1e-9 USD); null where no price is known. */
  readonly worstCostNanoUsd: number | null;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
}

export type GatewayErrorCode =
  | 'nothing-in-reach'
  | 'consent-required'
  | 'consent-invalid'
  | 'consent-refused'
  | 'consent-unknown'
  | 'over-budget'
  | 'rate-limited'
  | 'redaction-failed'
  | 'ledger-unavailable'
  | 'everything-failed';

export interface GatewayErrorDetails {
  readonly routeId?: string;
  readonly consent?: ConsentQuestion;
  readonly passedOver?: readonly PassedOver[];
  readonly retryAfterMs?: number;
  readonly rateLimits?: RateLimitStates;
}

/** Messages never hold a prompt, an answer or a credential; `details.consent` is for the asking client alone. */
export class GatewayError extends Error {
  readonly code: GatewayErrorCode;
  readonly details: GatewayErrorDetails;

  constructor(
    code: GatewayErrorCode,
    message: string,
    options: GatewayErrorDetails & { readonly cause?: unknown } = {},
  ) {
    const { cause, ...details } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'GatewayError';
    this.code = code;
    this.details = details;
  }
}
