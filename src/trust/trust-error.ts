/** The errors of the trust room: what cannot be signed or verified. */

export type TrustErrorCode =
  /** A value that has no canonical JSON. */
  | 'not-canonical'
  /** A key file that is there but is no Ed25519 key, or cannot be read or written. */
  | 'signing-key'
  /** Text given as a public key that is none. */
  | 'public-key';

/** A failure of signing or of reading keys; messages never hold a private key. */
export class TrustError extends Error {
  readonly code: TrustErrorCode;

  constructor(code: TrustErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TrustError';
    this.code = code;
  }
}
