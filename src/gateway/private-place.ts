/**
 * A private endpoint as a place: requests pass the gate of reach and go out as they are.
 */
import type { EndpointModel } from '../config/config.js';
import type { Reach } from '../route/reach.js';
import type { TokenPrice } from '../route/route.js';
import { withinReach } from '../tiers/private/private-request.js';
import type { PrivateTier } from '../tiers/private/private-tier.js';
import { continuationOf } from '../tiers/remote/continuation.js';
import type { ChatEvent } from '../tiers/tier.js';
import { GatewayError } from './gateway-error.js';
import { keptFor, modelsKeptMs } from './kept-for.js';
import type { Place, PlaceCall, PlaceModel } from './place.js';

export interface PrivatePlaceOptions {
  readonly tier: PrivateTier;
  readonly endpoint: string;
  readonly models: readonly EndpointModel[];
  /** Requests that it runs at once. */
  readonly parallel: number;
  /** Unix seconds. */
  readonly createdSeconds: number;
  /** Null for a model that costs nothing here. */
  readonly priceOf: (model: string) => TokenPrice | null;
}

const nothingDone = { consentId: null, redactions: {} } as const;

const admit = <Request extends Parameters<typeof withinReach>[0]>(request: Request, reach: Reach) => {
  const admitted = withinReach(request, reach);
  if (admitted === null)
    throw new GatewayError('nothing-in-reach', `A request of reach ${reach} does not go to the private tier`);
  return admitted;
};

export const createPrivatePlace = (options: PrivatePlaceOptions): Place => {
  const { tier, endpoint } = options;
  let running = 0;

  async function* counted(events: () => AsyncIterable<ChatEvent>, call: PlaceCall): AsyncGenerator<ChatEvent> {
    running++;
    try {
      call.onCrossing(nothingDone);
      yield* events();
    } finally {
      running--;
    }
  }

  const models = (): PlaceModel[] =>
    options.models.map(({ name, capabilities }) => ({
      id: name,
      capabilities,
      price: options.priceOf(name),
      ownedBy: endpoint,
      created: options.createdSeconds,
      digest: null,
    }));

  return {
    tier: 'private',
    endpoint,
    models: keptFor(modelsKeptMs, models),
    load: () => ({ running, queued: 0, parallel: options.parallel }),
    chat: (request, call) =>
      counted(() => tier.chat(admit(request, call.reach), { endpoint, signal: call.signal, whole: call.whole }), call),
    complete: (request, call) =>
      counted(
        () => tier.complete(admit(request, call.reach), { endpoint, signal: call.signal, whole: call.whole }),
        call,
      ),
    async embed(request, call) {
      running++;
      try {
        call.onCrossing(nothingDone);
        return await tier.embed(admit({ ...request }, call.reach), { endpoint, signal: call.signal });
      } finally {
        running--;
      }
    },
    resume(request, events, call) {
      const canContinue = tier.canContinue({ endpoint, model: request.model });
      const rest = continuationOf(request, { events, canContinue });
      if (rest === null) return null;
      return counted(
        () => tier.chat(admit(rest, call.reach), { endpoint, signal: call.signal, continueFinal: true }),
        call,
      );
    },
    close: async () => undefined,
  };
};
