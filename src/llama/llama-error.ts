/** The errors of the llama room: the binding itself, before any model is at stake. */

export type LlamaErrorCode =
  /** No binary package for this platform, or a library in it does not load. */
  | 'binary-missing'
  /** The binaries are of another version than the structs here describe. */
  | 'layout-mismatch'
  /** No compute backend could be loaded. */
  | 'backend-missing';

/** A binding failure; `message` says what to install or to change. */
export class LlamaError extends Error {
  readonly code: LlamaErrorCode;

  constructor(code: LlamaErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'LlamaError';
    this.code = code;
  }
}
