/**
 * A request that went through redaction, as the only thing that a request to a third party is made of.
 *
 * A class whose instances nobody else can make, and not a marked object: a copy with other fields is no instance, for
 * the compiler as at run time.
 */
import type { ChatRequest, CompletionRequest, EmbeddingRequest } from '../tier.js';
import { TierError } from '../tier-error.js';

export type RedactableRequest = ChatRequest | CompletionRequest | EmbeddingRequest;

/** What redaction gives: the request as it may go out, and what was taken out of it. */
export interface RedactionOutput<Request extends RedactableRequest> {
  readonly request: Request;
  readonly found: readonly { readonly kind: string; readonly count: number }[];
}

class Redacted<Request extends RedactableRequest> {
  readonly #request: Request;
  /** Replaced things by kind. */
  readonly redactions: Readonly<Record<string, number>>;

  constructor(output: RedactionOutput<Request>) {
    this.#request = output.request;
    const counts: Record<string, number> = {};
    for (const { kind, count } of output.found) counts[kind] = (counts[kind] ?? 0) + count;
    this.redactions = counts;
  }

  static read<Request extends RedactableRequest>(redacted: Redacted<Request>): Request {
    if (!(#request in redacted))
      throw new TierError('unsupported', 'Cannot make a request to a third party of something that is not redacted');
    return redacted.#request;
  }
}

export type RedactedRequest<Request extends RedactableRequest = RedactableRequest> = Redacted<Request>;

export const redactedRequest = <Request extends RedactableRequest>(
  output: RedactionOutput<Request>,
): RedactedRequest<Request> => new Redacted(output);

/** The request inside. Throws for what `redactedRequest` did not make. */
export const readRedacted = Redacted.read;
