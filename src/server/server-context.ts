/** What every route gets from the server that it belongs to; and the answers to "which model" and "by whom". */
import { hash } from 'node:crypto';
import type { ModelService, TierModel, TierName } from '../tiers/tier.js';
import { TierError } from '../tiers/tier-error.js';
import type { ApiKeys } from './api-keys.js';
import type { Caller } from './caller.js';
import type { FlushClock } from './flush-clock.js';
import type { Metrics } from './metrics.js';
import { randomHex } from './random-hex.js';
import type { RequestRegistry, RequestScope } from './request-scope.js';
import type { ServerLimits, ServerLogger } from './server-options.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any route runs. */
    scope: RequestScope;
    caller: Caller;
  }
}

export interface ServerContext {
  readonly tier: ModelService;
  /** Where a request runs when nobody chose: the tier that is served, the device behind a router. */
  readonly tierName: TierName;
  readonly limits: ServerLimits;
  readonly metrics: Metrics;
  readonly registry: RequestRegistry;
  readonly clock: FlushClock;
  readonly apiKeys: ApiKeys;
  readonly logger: ServerLogger | null;
}

/**
 * The model that a request means: the named one, or, without a name, the first that can do it. Throws
 * `model-not-found`, naming those there are, or `unsupported` for a model that cannot. Plain completions need no
 * capability: whether a model can is for the tier to say.
 */
export const modelOf = (
  tier: ModelService,
  name: string | undefined,
  capability: 'chat' | 'embeddings' | 'completion',
): TierModel => {
  const models = tier.models();
  const wanted = capability === 'completion' ? 'chat' : capability;
  const model =
    name === undefined
      ? (models.find((candidate) => candidate.capabilities[wanted]) ?? models[0])
      : (models.find((candidate) => candidate.id === name) ?? tier.find?.(name) ?? undefined);
  if (model === undefined)
    throw new TierError(
      'model-not-found',
      name === undefined
        ? 'This server has no model'
        : `The model '${name}' does not exist here. Available: ${models.map((candidate) => candidate.id).join(', ') || 'none'}`,
      { param: 'model' },
    );
  if (capability !== 'completion' && !model.capabilities[capability]) {
    const able = models.filter((candidate) => candidate.capabilities[capability]).map((candidate) => candidate.id);
    throw new TierError(
      'unsupported',
      `The model '${model.id}' cannot do ${capability}. Models here that can: ${able.join(', ') || 'none'}`,
      { param: 'model' },
    );
  }
  return model;
};

const fingerprints = new Map<string, string>();
const mostFingerprints = 1_000;

/** `chatcmpl-` + 32 hex digits, and the like. */
export const newId = (prefix: string): string => prefix + randomHex(16);

export const unixSeconds = (): number => Math.floor(Date.now() / 1000);

/** Changes when a model's identity does: with the same one, a seed repeats its answer. */
export const fingerprintOf = (model: TierModel): string => {
  const identity = `${model.tier}\n${model.id}\n${model.created}\n${model.contextLength}`;
  let fingerprint = fingerprints.get(identity);
  if (fingerprint === undefined) {
    if (fingerprints.size >= mostFingerprints) fingerprints.clear();
    fingerprint = `fp_${hash('sha256', identity).slice(0, 12)}`;
    fingerprints.set(identity, fingerprint);
  }
  return fingerprint;
};
