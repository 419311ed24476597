/**
 * The one way of a request from tier to tier. To the server it is one model service.
 *
 * Puts together what its siblings do: `generate` and `embed` run requests, the rest says which places there are. Knows no
 * HTTP; places and policy it is given.
 */
import { autoName } from '../route/match-name.js';
import type { Candidate } from '../route/route.js';
import type { ChatEvent, ChatRequest, ModelService, TierModel } from '../tiers/tier.js';
import { embed } from './embed.js';
import { type ExplainOptions, type Explanation, explain } from './explain.js';
import type { GatewayContext, GatewayOptions } from './gateway-job.js';
import { type GenerateCall, generate } from './generate.js';
import { keptFor, modelsKeptMs } from './kept-for.js';
import { createLiveState } from './live-state.js';
import type { Place, PlaceModel } from './place.js';
import { createRouteLog, type RouteRecord } from './route-log.js';

export interface Gateway extends ModelService {
  chat(request: ChatRequest, options?: GenerateCall): AsyncIterable<ChatEvent>;
  /** What would become of a chat: nothing runs, nothing is reserved, nobody is asked. */
  explain(request: ChatRequest, options: ExplainOptions): Explanation;
  /** What was decided for a request, where it is still known and this key may see it. */
  route(id: string, keyId: string | null): RouteRecord | null;
  /** Ends what still runs at its endpoints, and closes the ledger. */
  close(): Promise<void>;
}

const rememberedRoutes = 1_000;

/** A name that stands for whatever place can answer. */
const routedModel = (id: string): TierModel => ({
  id,
  tier: 'device',
  ownedBy: 'spillway',
  created: 0,
  contextLength: null,
  capabilities: { chat: true, tools: true, embeddings: true },
});

const listedModel = ({ id, ownedBy, created, capabilities }: PlaceModel, { tier }: Place): TierModel => ({
  id,
  tier,
  ownedBy,
  created,
  contextLength: capabilities.contextLength,
  capabilities: {
    chat: capabilities.chat,
    tools: capabilities.tools,
    embeddings: capabilities.embeddings,
    ...(capabilities.handsOver ? { handsOver: true } : {}),
  },
});

export const createGateway = (options: GatewayOptions): Gateway => {
  const { places, policy, ledger } = options;
  const live = createLiveState(() => performance.now());
  const log = createRouteLog({ maxEntries: rememberedRoutes });
  const keyOf = ({ tier, endpoint }: Pick<Candidate, 'tier' | 'endpoint'>): string => `${tier}/${endpoint}`;
  const placeByKey = new Map(places.map((place) => [keyOf(place), place]));

  const candidateOf = (place: Place, model: PlaceModel): Candidate => {
    const id = `${keyOf(place)}/${model.id}`;
    const load = place.load(model.id);
    return {
      id,
      tier: place.tier,
      endpoint: place.endpoint,
      model: model.id,
      capabilities: model.capabilities,
      price: model.price,
      speed: live.speed(id),
      load: load === null ? null : { ...load, meanServiceMs: live.meanServiceMs(id) ?? 0 },
      circuit: live.circuit(place),
    };
  };
  const context: GatewayContext = {
    options,
    live,
    log,
    candidates: () => places.flatMap((place) => place.models().map((model) => candidateOf(place, model))),
    placeFor: (candidate) => placeByKey.get(keyOf(candidate))!,
  };

  return {
    models: keptFor(modelsKeptMs, () => {
      // A request without a model goes to the first: the nearest place that can answer it.
      const byName = new Map([autoName, ...Object.keys(policy.aliases)].map((name) => [name, routedModel(name)]));
      for (const place of places)
        for (const model of place.models()) if (!byName.has(model.id)) byName.set(model.id, listedModel(model, place));
      return [...byName.values()];
    }),
    find(name) {
      const slash = name.indexOf('/');
      const place = places.find(({ endpoint }) => slash > 0 && endpoint === name.slice(0, slash));
      const model = place?.models().find(({ id }) => id === name.slice(slash + 1));
      return place === undefined || model === undefined ? null : { ...listedModel(model, place), id: name };
    },
    chat: (request, call = {}) => generate({ operation: 'chat', request }, context, call),
    complete: (request, call = {}) => generate({ operation: 'completion', request }, context, call),
    embed: (request, call = {}) => embed(request, context, call),
    explain: (request, given) => explain(request, context, given),
    route: (id, keyId) => log.get(id, keyId),
    async close() {
      await Promise.all(places.map((place) => place.close()));
      await ledger?.close();
    },
  };
};
