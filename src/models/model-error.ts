/** The errors of the models room: files, memory, downloads. */

export type ModelErrorCode =
  | 'not-found'
  /** A file that is there but cannot be opened or read. */
  | 'unreadable'
  | 'not-gguf'
  | 'truncated'
  | 'malformed'
  | 'too-large'
  | 'ambiguous'
  /** Not a name that a model or a repository can have. */
  | 'invalid-name'
  | 'download-failed'
  | 'checksum-mismatch'
  | 'disk-full'
  | 'cancelled';

/** A model failure; `message` says the action, the limit and the value. */
export class ModelError extends Error {
  readonly code: ModelErrorCode;

  constructor(code: ModelErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'ModelError';
    this.code = code;
  }
}
