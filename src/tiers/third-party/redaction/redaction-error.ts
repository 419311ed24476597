/**
 * What can stop a request from being redacted. Codes are closed; whatever stops it, nothing leaves.
 *
 * Messages and causes never hold a word of the request: a JSON or type error quotes what it fell over, so that the
 * errors of others are named here by their class only.
 */

export type RedactionErrorCode =
  /** The rules themselves: at `createRedactor`. */
  | 'invalid-rules'
  /** Images or audio, which nobody here can look into, without `allowMedia`. */
  | 'media'
  /** A prompt of token ids, whose text only the model's tokenizer knows. */
  | 'token-ids'
  /** Something that the contract of requests does not know, so that nobody decided whether it may leave. */
  | 'unknown-field'
  /** A value that no JSON can say, or that is nested too deeply. */
  | 'unsupported-value'
  /** More different values than there are placeholders. */
  | 'too-many'
  /** Two names that cannot be told apart once redacted. */
  | 'ambiguous'
  /** Something that was found is still there after redaction. */
  | 'leak'
  /** A fault of ours. */
  | 'internal';

/** `param` names the place in the request's terms, such as `messages[2].content`, or in the rules: `terms[0].kind`. */
export class RedactionError extends Error {
  readonly code: RedactionErrorCode;
  readonly param: string | null;

  constructor(code: RedactionErrorCode, message: string, options: { readonly param?: string } = {}) {
    super(message);
    this.name = 'RedactionError';
    this.code = code;
    this.param = options.param ?? null;
  }
}
