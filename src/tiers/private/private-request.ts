/**
 * The gate of the private tier: a request gets through when its reach lets it leave the device. The tier sends nothing
 * else, which the types say and the tier checks again, because a copy of an admitted request keeps its type.
 */
import type { ChatRequest, CompletionRequest, EmbeddingRequest, TierName } from '../tier.js';
import { TierError } from '../tier-error.js';

export type SendableRequest = ChatRequest | CompletionRequest | EmbeddingRequest;

declare const withinPrivateReach: unique symbol;

/** A request that may go to the private tier; `withinReach` alone makes one. */
export type PrivateRequest<Request extends SendableRequest = SendableRequest> = Request & {
  readonly [withinPrivateReach]: true;
};

const admitted = new WeakSet<object>();

/**
 * The request itself, admitted, where `reach` (the strictest of all wishes, see `strictestReach`) goes as far as the
 * private tier; otherwise null. Fields that are changed afterwards make another request, which must come here itself.
 */
export const withinReach = <Request extends SendableRequest>(
  request: Request,
  reach: TierName,
): PrivateRequest<Request> | null => {
  switch (reach) {
    case 'device':
      return null;
    case 'private':
    case 'third-party':
      admitted.add(request);
      return request as PrivateRequest<Request>;
    default:
      // Not one of the three at run time: nothing that is unknown reaches anywhere.
      return reach satisfies never;
  }
};

/** Throws for a request that did not come through the gate, whatever its type says. */
export const assertWithinReach = (request: SendableRequest): void => {
  if (!admitted.has(request))
    throw new TierError(
      'unsupported',
      'Cannot send the request to the private tier: it did not pass the gate of reach',
    );
};
