/** The errors of the models room: files, memory, downloads. */

export type ModelErrorCode =
  | 'not-found'
  | 'not-gguf'
  | 'truncated'
  | 'malformed'
  | 'too-large'
  | 'ambiguous'
  | 'download-failed'
  | 'checksum-mismatch'
  | 'disk-full';

/** A model failure; `message` says the action, the limit and the value. */
export class ModelError extends Error {
  readonly code: ModelErrorCode;

  constructor(code: ModelErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'ModelError';
    this.code = code;
  }
}
