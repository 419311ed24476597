/**
 * The exact bytes that would go to a third party, for a person to see and say yes to. Without credentials: those are
 * added where it is sent. Made of a redacted request by the transport's `prepare` functions and nothing else.
 */
import { createHash } from 'node:crypto';
import { TierError } from '../tier-error.js';

/** Fields of a request that is ready to be asked about. */
export interface OutgoingFields {
  /** Name of the provider as configured. */
  readonly provider: string;
  readonly model: string;
  readonly operation: 'chat' | 'completion' | 'embedding';
  readonly method: 'POST';
  readonly url: string;
  /** Lower-case names; no credentials. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Replaced things by kind. */
  readonly redactions: Readonly<Record<string, number>>;
  /** The text that the answer goes on from; null for an answer from its beginning. */
  readonly continuedText: string | null;
  /** Of an embedding; 0 for others. */
  readonly inputCount: number;
}

/**
 * SHA-256 over method, URL and body, lower-case hex. The first two end in a line feed, which neither can hold, so that no
 * two requests give the same bytes to hash.
 */
export const contentHashOf = (request: {
  readonly method: string;
  readonly url: string;
  readonly body: Uint8Array;
}): string => createHash('sha256').update(`${request.method}\n${request.url}\n`).update(request.body).digest('hex');

class Outgoing implements OutgoingFields {
  readonly #made = true;
  readonly provider: string;
  readonly model: string;
  readonly operation: OutgoingFields['operation'];
  readonly method: 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly redactions: Readonly<Record<string, number>>;
  readonly continuedText: string | null;
  readonly inputCount: number;
  /** What a yes is bound to; see `contentHashOf`. */
  readonly contentHash: string;

  constructor(fields: OutgoingFields) {
    this.provider = fields.provider;
    this.model = fields.model;
    this.operation = fields.operation;
    this.method = fields.method;
    this.url = fields.url;
    this.headers = Object.freeze({ ...fields.headers });
    this.body = fields.body;
    this.redactions = fields.redactions;
    this.continuedText = fields.continuedText;
    this.inputCount = fields.inputCount;
    this.contentHash = contentHashOf(fields);
    Object.freeze(this);
  }

  /** The body as a copy of its own, which nobody can change any more once its hash has been checked. */
  static seal(outgoing: Outgoing): Uint8Array {
    if (!(#made in outgoing))
      throw new TierError('unsupported', 'Cannot send something to a third party that was not prepared for it');
    const body = Uint8Array.from(outgoing.body);
    if (contentHashOf({ ...outgoing, body }) !== outgoing.contentHash)
      throw new TierError('unsupported', 'Cannot send the request to a third party: its bytes were changed');
    return body;
  }
}

export type OutgoingRequest = Outgoing;

/** For the transport's `prepare` functions alone (remote/importers.test.ts). */
export const makeOutgoing = (fields: OutgoingFields): OutgoingRequest => new Outgoing(fields);

/** The bytes of the body. Throws for what `makeOutgoing` did not make, and where they are not those that were hashed. */
export const sealedBody = Outgoing.seal;
