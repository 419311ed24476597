/** POST /v1/embeddings: texts or token lists to vectors, as floats or as the base64 of little-endian float32. */
import { endianness } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { deadlineOf } from './caller.js';
import { createSchemaCheck } from './check-schema.js';
import { compact } from './compact.js';
import { textsOrTokens } from './completion-request.js';
import { toApiError } from './error-table.js';
import { EmbeddingsBodySchema } from './schemas/embeddings.js';
import { modelOf, type ServerContext } from './server-context.js';
import { invalidParameter } from './server-error.js';
import { requestLimits } from './server-options.js';

/** OpenAI's base64 form of a vector. */
export const base64Of = (vector: Float32Array): string => {
  const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
  return (endianness() === 'LE' ? bytes : Buffer.from(bytes).swap32()).toString('base64');
};

export const registerEmbeddingsRoute = (app: FastifyInstance, context: ServerContext): void => {
  const checkBody = createSchemaCheck(EmbeddingsBodySchema);
  app.post('/v1/embeddings', async (request) => {
    const body = checkBody(request.body);
    const model = modelOf(context.tier, body.model, 'embeddings');
    const inputs = textsOrTokens(body.input, { param: 'input', most: requestLimits.embeddingInputs });
    const meter = context.metrics.meter({
      operation: 'embeddings',
      model: model.id,
      startedMs: request.scope.startedMs,
    });
    try {
      const result = await context.tier.embed(
        {
          model: model.id,
          inputs,
          ...compact({
            deadlineMs: deadlineOf(body.deadline_ms, context.limits.deadlineMs),
            client: request.caller.client,
            cacheScope: request.caller.cacheScope,
          }),
        },
        { ...request.call, signal: request.scope.signal },
      );
      const length = result.vectors[0]?.length ?? 0;
      if (body.dimensions !== undefined && body.dimensions !== length)
        throw invalidParameter(
          'dimensions',
          `Invalid 'dimensions': the vectors of '${model.id}' have ${length} and cannot be made to have ${body.dimensions}.`,
        );
      meter.succeeded({ usage: { promptTokens: result.promptTokens, cachedTokens: 0, completionTokens: 0 } });
      return {
        object: 'list',
        data: result.vectors.map((vector, index) => ({
          object: 'embedding',
          index,
          embedding: body.encoding_format === 'base64' ? base64Of(vector) : Array.from(vector),
        })),
        model: model.id,
        usage: { prompt_tokens: result.promptTokens, total_tokens: result.promptTokens },
      };
    } catch (error) {
      const cause = request.scope.causeOf(error);
      meter.failed(toApiError(cause).body.error.code ?? 'error');
      throw cause;
    }
  });
};
