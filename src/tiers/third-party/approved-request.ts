/**
 * The consent gate: an outgoing request and a person's yes to exactly it make the one thing that the transport to third
 * parties sends. Knows nothing of where the yes was given or kept.
 */
import { TierError } from '../tier-error.js';
import { type OutgoingRequest, sealedBody } from './outgoing-request.js';

/** A person's yes, as the ledger redeemed it. */
export interface ConsentGrant {
  readonly consentId: string;
  readonly provider: string;
  /** `contentHash` of the outgoing request. */
  readonly contentHash: string;
  /** Since 1970; from then on it is no yes any more. */
  readonly expiresMs: number;
}

export type Approval =
  | { readonly type: 'approved'; readonly request: ApprovedRequest }
  | { readonly type: 'refused'; readonly reason: 'expired' | 'other-content' | 'other-provider' };

class Approved {
  readonly #outgoing: OutgoingRequest;
  readonly consentId: string;
  readonly expiresMs: number;

  constructor(outgoing: OutgoingRequest, grant: ConsentGrant) {
    this.#outgoing = outgoing;
    this.consentId = grant.consentId;
    this.expiresMs = grant.expiresMs;
    Object.freeze(this);
  }

  static read(approved: Approved): { readonly outgoing: OutgoingRequest; readonly body: Uint8Array } {
    if (!(#outgoing in approved))
      throw new TierError('unsupported', 'Cannot send a request to a third party that nobody approved');
    return { outgoing: approved.#outgoing, body: sealedBody(approved.#outgoing) };
  }
}

/** `approve` alone makes one; a copy of one is none. */
export type ApprovedRequest = Approved;

/** `nowMs` is since 1970. */
export const approve = (
  outgoing: OutgoingRequest,
  { grant, nowMs }: { readonly grant: ConsentGrant; readonly nowMs: number },
): Approval => {
  sealedBody(outgoing);
  if (grant.provider !== outgoing.provider) return { type: 'refused', reason: 'other-provider' };
  if (grant.contentHash !== outgoing.contentHash) return { type: 'refused', reason: 'other-content' };
  // Written so that an expiry that is no number is no yes.
  if (!(nowMs < grant.expiresMs)) return { type: 'refused', reason: 'expired' };
  return { type: 'approved', request: new Approved(outgoing, grant) };
};

/** The request inside, with its bytes checked once more and copied. Throws for what `approve` did not make. */
export const readApproved = Approved.read;
