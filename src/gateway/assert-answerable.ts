/** The errors of a plan without steps: no such model, or nothing within reach that can answer. */
import { autoName } from '../route/match-name.js';
import type { Route, RoutePolicy } from '../route/route.js';
import { TierError } from '../tiers/tier-error.js';
import { GatewayError } from './gateway-error.js';

const mostReasons = 8;

/** Throws TierError `model-not-found` or GatewayError `nothing-in-reach`, saying why each place cannot. */
export const assertAnswerable = (route: Route, { aliases }: Pick<RoutePolicy, 'aliases'>): void => {
  if (route.steps.length > 0) return;
  const { model, reach, id } = route.request;
  const { passedOver } = route;
  const isName = model === autoName || Object.hasOwn(aliases, model);
  const isKnown =
    isName || passedOver.some(({ candidate }) => candidate.model === model || candidate.id.endsWith(`/${model}`));
  if (!isKnown) throw new TierError('model-not-found', `The model '${model}' does not exist here`, { param: 'model' });
  const reasons = passedOver
    .filter(({ reason }) => reason !== 'not-asked-for')
    .slice(0, mostReasons)
    .map(({ candidate, detail }) => `${candidate.id}: ${detail}`);
  throw new GatewayError(
    'nothing-in-reach',
    `No place within reach '${reach}' can answer this request for '${model}'. ${reasons.join('; ')}`,
    { routeId: id, passedOver },
  );
};
