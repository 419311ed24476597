/**
 * A service as one command asks it: under its flags, with the person at its terminal to answer for third parties.
 */

import type { Reach } from '../route/reach.js';
import type { CallOptions, ChatEvent, ChatRequest, RoutingOptions } from '../tiers/tier.js';
import { adviseOn, furtherReach } from './advise.js';
import type { Answer } from './ask.js';
import { createConsentAsker } from './ask-consent.js';
import type { OpenService } from './open-service.js';
import type { Questioner } from './terminal-question.js';

export interface AskingOptions {
  /** Null: nobody can be asked. */
  readonly person: Questioner | null;
  /** What `--consent` said yes to; null for nothing, absent for a command without that flag. */
  readonly grantedHash?: string | null;
  /** For each request anew. */
  readonly routing: () => RoutingOptions;
}

export interface Asking {
  chat(request: ChatRequest, call: CallOptions): AsyncIterable<ChatEvent>;
  /** A failure with what to do about it here. */
  advise(error: unknown): unknown;
}

export const createAsking = ({ service, router }: OpenService, options: AskingOptions): Asking => {
  if (router === null) return { chat: (request, call) => service.chat(request, call), advise: (error) => error };
  const { grantedHash } = options;
  const { gateway, ledger, furthest } = router;
  const consent = createConsentAsker({ person: options.person, ledger, grantedHash: grantedHash ?? null });
  return {
    chat(request, call) {
      const consentToken = consent.standingToken();
      const routing = { ...options.routing(), ...(consentToken === null ? {} : { consentToken }) };
      return gateway.chat(request, { ...call, routing, askConsent: consent.ask });
    },
    advise: (error) => adviseOn(error, { furthest, ...(grantedHash === undefined ? {} : { grantedHash }) }),
  };
};

/** The reach that would let a request go on which was handed over; null for none. */
export const furtherFor = ({ router }: OpenService, { served }: Answer): Reach | null => {
  const record = served === null ? undefined : router?.gateway.route(served.routeId, null);
  return router === null || record == null ? null : furtherReach(record.route.passedOver, router.furthest);
};
