/** The errors of the tune room. */

export type TuneErrorCode =
  | 'invalid-data'
  | 'invalid-checkpoint'
  | 'out-of-memory'
  | 'training-diverged'
  | 'compute-failed';

/** A training failure; `message` says the action, the limit and the value. */
export class TuneError extends Error {
  readonly code: TuneErrorCode;

  constructor(code: TuneErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'TuneError';
    this.code = code;
  }
}
