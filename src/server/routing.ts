/**
 * What a request says of where it may run, from its headers and the `spillway` object of its body; the strictest wins.
 *
 * Knows the words and their limits, not what a router makes of them.
 */
import type { FastifyRequest } from 'fastify';
import type { CallOptions, RoutingOptions, TierName } from '../tiers/tier.js';
import { compact } from './compact.js';
import { invalidParameter } from './server-error.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What a tier is told beside the request; set where a route starts work. */
    call: Pick<CallOptions, 'routing' | 'onAdmitted'>;
    /** The key that the request came with; absent without keys. */
    key?: NonNullable<RoutingOptions['key']>;
  }
}

const tiers = ['device', 'private', 'third-party'] as const satisfies readonly TierName[];
const longestName = 128;
const longestToken = 512;

const readReach = (value: unknown, param: string): TierName | undefined => {
  if (value === undefined) return undefined;
  const reach = tiers.find((tier) => tier === value);
  if (reach === undefined) throw invalidParameter(param, `Invalid '${param}': expected one of ${tiers.join(', ')}.`);
  return reach;
};

const readText = (value: unknown, param: string, longest: number): string | undefined => {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '' || value.length > longest)
    throw invalidParameter(param, `Invalid '${param}': expected a text of 1 to ${longest} characters.`);
  return value;
};

const readNumber = (value: unknown, param: string): number | undefined => {
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number) || number < 0)
    throw invalidParameter(param, `Invalid '${param}': expected a number from 0 on.`);
  return number;
};

const stricter = (one: TierName | undefined, other: TierName | undefined): TierName | undefined => {
  if (one === undefined || other === undefined) return one ?? other;
  return tiers.indexOf(one) < tiers.indexOf(other) ? one : other;
};

const objectOf = (body: unknown): Readonly<Record<string, unknown>> => {
  const given = typeof body === 'object' && body !== null ? (body as { spillway?: unknown }).spillway : undefined;
  if (given === undefined || given === null) return {};
  if (typeof given !== 'object' || Array.isArray(given))
    throw invalidParameter('spillway', "Invalid 'spillway': expected an object.");
  return given as Readonly<Record<string, unknown>>;
};

/** Throws ServerError `invalid-parameter`. */
export const routingOf = (request: Pick<FastifyRequest, 'headers' | 'body' | 'id' | 'key'>): RoutingOptions => {
  const { headers } = request;
  const said = objectOf(request.body);
  const maxCostUsd = readNumber(said.max_cost_usd ?? headers['x-spillway-max-cost-usd'], 'spillway.max_cost_usd');
  const targets = compact({
    ttftMs: readNumber(said.ttft_ms, 'spillway.ttft_ms'),
    tpotMs: readNumber(said.tpot_ms, 'spillway.tpot_ms'),
  });
  return {
    requestId: request.id,
    ...compact({
      reach: stricter(
        readReach(headers['x-spillway-reach'], 'x-spillway-reach'),
        readReach(said.reach, 'spillway.reach'),
      ),
      key: request.key,
      app: readText(said.app ?? headers['x-spillway-app'], 'spillway.app', longestName),
      consentToken: readText(said.consent ?? headers['x-spillway-consent'], 'spillway.consent', longestToken),
      targets: Object.keys(targets).length === 0 ? undefined : targets,
      maxCostNanoUsd: maxCostUsd === undefined ? undefined : Math.floor(maxCostUsd * 1e9),
    }),
  };
};
