/**
 * What can go wrong at an endpoint that is not this device, in words that routing understands. Codes are closed.
 */

export type RemoteErrorCode =
  /** No connection, or it broke before anything came. */
  | 'unreachable'
  | 'first-token-timeout'
  | 'stalled'
  | 'total-timeout'
  /** Not the protocol: no JSON, an event that is none. */
  | 'malformed'
  /** The stream ended without its end. */
  | 'truncated'
  | 'empty'
  | 'oversized'
  /** 5xx, or an error inside a 200. */
  | 'provider-failed'
  | 'rate-limited'
  | 'unauthorized'
  /** Any other 4xx: the request itself is at fault. */
  | 'refused';

export interface RemoteErrorDetails {
  readonly endpoint: string;
  readonly status?: number;
  /** From Retry-After, where given. */
  readonly retryAfterMs?: number;
  /** Text, reasoning or calls came before it. */
  readonly answerStarted: boolean;
  /** Set where no byte of the request went out. */
  readonly neverSent?: true;
}

/** Messages never hold a prompt, an answer or a credential. */
export class RemoteError extends Error {
  readonly code: RemoteErrorCode;
  readonly details: RemoteErrorDetails;

  constructor(code: RemoteErrorCode, message: string, options: RemoteErrorDetails & { readonly cause?: unknown }) {
    const { cause, ...details } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'RemoteError';
    this.code = code;
    this.details = details;
  }
}
