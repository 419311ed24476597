/**
 * Failures of routing with what to do about them at the command line. What the gateway says of itself it says for every
 * caller; flags are this room's.
 */
import { type ConsentQuestion, GatewayError } from '../gateway/gateway-error.js';
import { type Reach, reaches, tiersByDistance } from '../route/reach.js';
import type { PassedOver } from '../route/route.js';

export interface Advice {
  /** The furthest that the policy would let the request go. */
  readonly furthest: Reach;
  /** What `--consent` said yes to; null for nothing, absent for a command without that flag. */
  readonly grantedHash?: string | null;
}

/** The nearest reach that would bring in a place which only the reach kept out; null where the policy forbids them all. */
export const furtherReach = (passedOver: readonly PassedOver[], furthest: Reach): Reach | null => {
  const beyond = passedOver.filter(({ reason }) => reason === 'beyond-reach').map(({ candidate }) => candidate.tier);
  return tiersByDistance.find((tier) => beyond.includes(tier) && reaches(furthest, tier)) ?? null;
};

/** Nobody could be asked. */
const unasked = ({ provider, model, contentHash }: ConsentQuestion, grantedHash: Advice['grantedHash']): string =>
  [
    `${model} at ${provider} is a third party's: nothing goes there without a yes, and there is no terminal to ask in.`,
    ...(typeof grantedHash === 'string' ? ['  The yes of --consent is for other bytes than these.'] : []),
    ...(grantedHash === undefined
      ? []
      : [
          '  See what would be sent: spillway route explain, with the same words and flags',
          `  Say yes to exactly that: --consent ${contentHash}`,
        ]),
    '  Or run it in a terminal, or keep it nearer: --reach private',
  ].join('\n');

/** Anything that is no failure of routing comes back as it is. */
export const adviseOn = (error: unknown, { furthest, grantedHash }: Advice): unknown => {
  if (!(error instanceof GatewayError)) return error;
  const { consent, passedOver = [] } = error.details;
  const say = (message: string): GatewayError => new GatewayError(error.code, message, { cause: error });
  switch (error.code) {
    case 'consent-required':
      return consent === undefined ? error : say(unasked(consent, grantedHash));
    case 'consent-refused':
      return say(`${error.message}. No other place within reach can answer.`);
    case 'nothing-in-reach': {
      const further = furtherReach(passedOver, furthest);
      return further === null ? error : say(`${error.message}\n  Let it go further: --reach ${further}`);
    }
    default:
      return error;
  }
};
