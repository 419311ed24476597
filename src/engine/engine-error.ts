/**
 * The errors of the engine room. Codes are closed; `server` maps them to HTTP status in its one table.
 */

export type EngineErrorCode =
  /** The binary package is missing, or its struct layouts are not the ones that this version was built for. */
  | 'binding-unavailable'
  /** The file is no GGUF, truncated, or of an architecture that llama.cpp does not know. */
  | 'model-load-failed'
  | 'out-of-memory'
  /** Prompt (plus one token) does not fit the context. */
  | 'context-overflow'
  | 'invalid-request'
  | 'invalid-grammar'
  | 'unsupported'
  | 'queue-full'
  | 'deadline'
  | 'cancelled'
  /** The host process died with this request in it. */
  | 'host-crashed'
  | 'decode-failed'
  | 'shutting-down';

/** An engine failure; `message` says the action, the limit and the value. */
export class EngineError extends Error {
  readonly code: EngineErrorCode;
  readonly details: Readonly<Record<string, string | number | boolean>>;

  constructor(
    code: EngineErrorCode,
    message: string,
    options: { cause?: unknown; details?: Readonly<Record<string, string | number | boolean>> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'EngineError';
    this.code = code;
    this.details = options.details ?? {};
  }
}
