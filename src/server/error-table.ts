/**
 * The one table from error codes of every room to HTTP status and OpenAI's error envelope.
 * Knows the codes and nothing of why they were thrown; what it does not know becomes a 500 without details.
 */
import { EngineError, type EngineErrorCode } from '../engine/engine-error.js';
import { GatewayError, type GatewayErrorCode } from '../gateway/gateway-error.js';
import { LedgerError, type LedgerErrorCode } from '../ledger/ledger-error.js';
import { RemoteError, type RemoteErrorCode } from '../tiers/remote/remote-error.js';
import { TierError, type TierErrorCode } from '../tiers/tier-error.js';
import { rateLimitHeaders } from './rate-limit-headers.js';
import { ServerError, type ServerErrorCode } from './server-error.js';

interface ErrorRow {
  readonly status: number;
  readonly type: 'invalid_request_error' | 'permission_error' | 'rate_limit_error' | 'server_error' | 'timeout_error';
  /** The `code` of the error body. */
  readonly code: string | null;
  /** Sent as `Retry-After`: the same request may work after this many seconds. */
  readonly retryAfterSeconds?: number;
}

/** An error as it goes out. */
export interface ApiError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly error: {
      readonly message: string;
      readonly type: string;
      readonly param: string | null;
      readonly code: string | null;
      /** The question to a person, where a third party would be needed. */
      readonly consent?: object;
      /** Under which the decision can be looked up. */
      readonly route_id?: string;
    };
  };
}

const invalid = (code: string | null, status = 400): ErrorRow => ({ status, type: 'invalid_request_error', code });
const failed = (status: number, code: string, retryAfterSeconds?: number): ErrorRow => ({
  status,
  type: 'server_error',
  code,
  ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
});

const engineRows: Readonly<Record<EngineErrorCode, ErrorRow>> = {
  'binding-unavailable': failed(503, 'engine_unavailable'),
  'model-load-failed': failed(503, 'model_load_failed'),
  'out-of-memory': failed(503, 'out_of_memory'),
  'context-overflow': invalid('context_length_exceeded'),
  'invalid-request': invalid('invalid_request'),
  'invalid-grammar': invalid('invalid_grammar'),
  unsupported: invalid('unsupported'),
  'queue-full': failed(503, 'server_overloaded', 1),
  deadline: { status: 504, type: 'timeout_error', code: 'deadline_exceeded' },
  cancelled: invalid('request_cancelled', 499),
  'host-crashed': failed(503, 'engine_crashed', 1),
  'decode-failed': failed(500, 'decode_failed'),
  'shutting-down': failed(503, 'shutting_down', 5),
};

const tierRows: Readonly<Record<TierErrorCode, ErrorRow>> = {
  'model-not-found': invalid('model_not_found', 404),
  'invalid-messages': invalid('invalid_messages'),
  'invalid-tools': invalid('invalid_tools'),
  'invalid-schema': invalid('invalid_schema'),
  'template-failed': invalid('template_failed'),
  'unsupported-content': invalid('unsupported_content'),
  unsupported: invalid('unsupported'),
};

const serverRows: Readonly<Record<ServerErrorCode, ErrorRow>> = {
  'invalid-json': invalid('invalid_json'),
  'invalid-parameter': invalid('invalid_value'),
  'unsupported-parameter': invalid('unsupported_parameter'),
  'body-too-large': invalid('body_too_large', 413),
  'unsupported-media-type': invalid('unsupported_media_type', 415),
  'malformed-request': invalid('malformed_request'),
  'invalid-api-key': invalid('invalid_api_key', 401),
  'host-refused': { status: 403, type: 'permission_error', code: 'host_not_allowed' },
  'origin-refused': { status: 403, type: 'permission_error', code: 'origin_not_allowed' },
  'not-found': invalid('unknown_url', 404),
  'method-not-allowed': invalid('method_not_supported', 405),
  'previous-response-not-found': invalid('previous_response_not_found'),
  'response-not-found': invalid('response_not_found', 404),
  draining: failed(503, 'shutting_down', 5),
  'client-gone': invalid('request_cancelled', 499),
  'client-stalled': invalid('client_stalled', 408),
  'listen-failed': failed(500, 'listen_failed'),
  internal: failed(500, 'internal_error'),
};

interface Described {
  readonly row: ErrorRow;
  readonly more?: { readonly consent?: object; readonly route_id?: string };
  readonly retryAfterMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly message: string;
  readonly param: string | null;
  readonly code: string | null;
}

const gatewayRows: Readonly<Record<GatewayErrorCode, ErrorRow>> = {
  'nothing-in-reach': { status: 403, type: 'permission_error', code: 'nothing_in_reach' },
  'consent-required': { status: 403, type: 'permission_error', code: 'consent_required' },
  'consent-refused': { status: 403, type: 'permission_error', code: 'consent_refused' },
  'consent-invalid': { status: 403, type: 'permission_error', code: 'consent_invalid' },
  'consent-unknown': invalid('consent_unknown', 404),
  'over-budget': { status: 429, type: 'rate_limit_error', code: 'insufficient_quota' },
  'rate-limited': { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded', retryAfterSeconds: 1 },
  'redaction-failed': { status: 403, type: 'permission_error', code: 'redaction_failed' },
  'ledger-unavailable': failed(503, 'ledger_unavailable', 1),
  'everything-failed': failed(502, 'everything_failed'),
};

const remoteRows: Readonly<Record<RemoteErrorCode, ErrorRow>> = {
  unreachable: failed(502, 'endpoint_unreachable', 1),
  'first-token-timeout': { status: 504, type: 'timeout_error', code: 'first_token_timeout' },
  stalled: { status: 504, type: 'timeout_error', code: 'endpoint_stalled' },
  'total-timeout': { status: 504, type: 'timeout_error', code: 'total_timeout' },
  malformed: failed(502, 'endpoint_malformed'),
  truncated: failed(502, 'endpoint_truncated'),
  empty: failed(502, 'endpoint_empty'),
  oversized: failed(502, 'endpoint_oversized'),
  'provider-failed': failed(502, 'endpoint_failed', 1),
  'rate-limited': { status: 429, type: 'rate_limit_error', code: 'endpoint_rate_limited', retryAfterSeconds: 1 },
  unauthorized: failed(502, 'endpoint_unauthorized'),
  refused: invalid('endpoint_refused'),
};

const ledgerRows: Readonly<Record<LedgerErrorCode, ErrorRow>> = {
  unavailable: failed(503, 'ledger_unavailable', 1),
  'disk-full': failed(503, 'ledger_full'),
  damaged: failed(503, 'ledger_damaged'),
  incompatible: failed(503, 'ledger_incompatible'),
  'signing-key': failed(503, 'ledger_signing_key'),
  invalid: invalid('invalid_value'),
  conflict: invalid('conflict', 409),
  overflow: invalid('overflow'),
  'key-unknown': invalid('key_unknown', 404),
  'budget-unknown': invalid('budget_unknown', 404),
  'consent-unknown': invalid('consent_unknown', 404),
  'consent-expired': invalid('consent_expired', 410),
  'consent-answered': invalid('consent_answered', 409),
  closed: failed(503, 'shutting_down', 5),
};

/** The question in the words of the wire. */
const consentOf = ({ consent }: GatewayError['details']): object | undefined =>
  consent === undefined
    ? undefined
    : {
        id: consent.id,
        provider: consent.provider,
        model: consent.model,
        method: consent.method,
        url: consent.url,
        body: consent.body,
        content_sha256: consent.contentHash,
        scope: consent.scope,
        redactions: consent.redactions,
        worst_cost_usd: consent.worstCostNanoUsd === null ? null : consent.worstCostNanoUsd / 1e9,
        expires: Math.floor(consent.expiresMs / 1000),
      };

const describe = (error: unknown): Described => {
  if (error instanceof GatewayError) {
    const row = gatewayRows[error.code];
    const { details } = error;
    const consent = consentOf(details);
    return {
      row,
      message: error.message,
      param: null,
      code: row.code,
      more: {
        ...(consent === undefined ? {} : { consent }),
        ...(details.routeId === undefined ? {} : { route_id: details.routeId }),
      },
      ...(details.rateLimits === undefined ? {} : { headers: rateLimitHeaders(details.rateLimits) }),
      ...(details.retryAfterMs === undefined ? {} : { retryAfterMs: details.retryAfterMs }),
    };
  }
  if (error instanceof RemoteError) {
    const row = remoteRows[error.code];
    const { retryAfterMs } = error.details;
    return {
      row,
      message: error.message,
      param: null,
      code: row.code,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
  if (error instanceof LedgerError) {
    const row = ledgerRows[error.code];
    return { row, message: error.message, param: null, code: row.code };
  }
  if (error instanceof ServerError) {
    const row = serverRows[error.code];
    return { row, message: error.message, param: error.param, code: error.fault ?? row.code };
  }
  if (error instanceof TierError) {
    const row = tierRows[error.code];
    const param = error.param ?? (error.code === 'model-not-found' ? 'model' : null);
    return { row, message: error.message, param, code: row.code };
  }
  if (error instanceof EngineError) {
    const row = engineRows[error.code];
    return { row, message: error.message, param: null, code: row.code };
  }
  const row = serverRows.internal;
  return {
    row,
    message: 'The server failed on this request; its log has the cause under the x-request-id',
    param: null,
    code: row.code,
  };
};

/** True for errors that are this program's fault and belong in the log with their stack. */
export const isInternal = (error: unknown): boolean =>
  error instanceof ServerError
    ? error.code === 'internal'
    : ![TierError, EngineError, GatewayError, RemoteError, LedgerError].some((known) => error instanceof known);

/** Any thrown value as status, headers and OpenAI's envelope; an unknown one tells its cause to nobody. */
export const toApiError = (error: unknown): ApiError => {
  const { row, message, param, code, more, retryAfterMs, headers: given } = describe(error);
  const headers: Record<string, string> = { ...given };
  if (retryAfterMs !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
  else if (row.retryAfterSeconds !== undefined) headers['retry-after'] = String(row.retryAfterSeconds);
  // OpenAI's clients repeat any 5xx by themselves unless told; only what may work a second later is worth it.
  else if (row.status >= 500) headers['x-should-retry'] = 'false';
  return { status: row.status, headers, body: { error: { message, type: row.type, param, code, ...more } } };
};
