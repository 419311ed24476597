/** GET /v1/models and /v1/models/{id}: what the tier has, as OpenAI lists it, with context length and capabilities. */
import type { FastifyInstance } from 'fastify';
import type { TierModel } from '../tiers/tier.js';
import { TierError } from '../tiers/tier-error.js';
import type { ServerContext } from './server-context.js';

const capabilitiesOf = ({ capabilities: { chat, tools, embeddings, handsOver } }: TierModel) => ({
  chat,
  tools,
  embeddings,
  hands_over: handsOver ?? false,
});

const modelBody = (model: TierModel) => ({
  id: model.id,
  object: 'model',
  created: model.created,
  owned_by: model.ownedBy,
  context_length: model.contextLength,
  spillway: { tier: model.tier, capabilities: capabilitiesOf(model) },
});

export const registerModelsRoute = (app: FastifyInstance, { tier }: ServerContext): void => {
  app.get('/v1/models', async () => ({ object: 'list', data: tier.models().map(modelBody) }));
  // A wildcard, because names may hold slashes.
  app.get<{ Params: { '*': string } }>('/v1/models/*', async (request) => {
    const id = request.params['*'];
    const models = tier.models();
    const model = models.find((candidate) => candidate.id === id);
    if (model === undefined)
      throw new TierError(
        'model-not-found',
        `The model '${id.slice(0, 512)}' does not exist here. Available: ${models.map((entry) => entry.id).join(', ') || 'none'}`,
        { param: 'model' },
      );
    return modelBody(model);
  });
};
