/**
 * The errors of the tiers room. Codes are closed; `server` maps them to HTTP status in its one table.
 */

export type TierErrorCode =
  | 'model-not-found'
  | 'invalid-messages'
  | 'invalid-tools'
  | 'invalid-schema'
  | 'template-failed'
  | 'unsupported-content'
  | 'unsupported';

/** A request that a tier refuses; `param` names the field at fault in OpenAI's terms, such as `messages[2].content`. */
export class TierError extends Error {
  readonly code: TierErrorCode;
  readonly param: string | null;

  constructor(code: TierErrorCode, message: string, options: { cause?: unknown; param?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TierError';
    this.code = code;
    this.param = options.param ?? null;
  }
}
