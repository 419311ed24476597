/**
 * /v1/responses: create (whole or streamed), retrieve, delete and the items of a response.
 * What the fields mean is in `response-request.ts`, what comes out in `response-output.ts`.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ChatRequest } from '../../tiers/tier.js';
import { TierError } from '../../tiers/tier-error.js';
import { answerRequest, type StreamedAnswer } from '../answer-request.js';
import { createSchemaCheck } from '../check-schema.js';
import type { RequestMeter } from '../metrics.js';
import { runChoices } from '../run-choices.js';
import { type ResponsesBody, ResponsesBodySchema } from '../schemas/responses.js';
import { modelOf, newId, type ServerContext } from '../server-context.js';
import { ServerError } from '../server-error.js';
import { type EndEvent, totalsOf } from '../usage.js';
import { type Item, itemsOf } from './items.js';
import { listItems } from './list-items.js';
import { createResponseBodies, type ResponseBodies } from './response-body.js';
import { createResponseOutput } from './response-output.js';
import { responseRequestOf } from './response-request.js';
import type { StoredResponse } from './response-store.js';
import { createResponseEvents } from './response-stream.js';
import type { SharedResponses } from './shared-responses.js';

interface ResponseJob {
  readonly context: ServerContext;
  readonly store: SharedResponses;
  readonly request: FastifyRequest;
  readonly body: ResponsesBody;
  readonly chatRequest: ChatRequest;
  readonly input: readonly Item[];
  readonly id: string;
  readonly bodies: ResponseBodies;
  readonly meter: RequestMeter;
}

const ownerOf = (request: FastifyRequest): string => request.caller.cacheScope ?? '';

/** The finished body, stored unless the request said otherwise. */
const settle = (job: ResponseJob, output: readonly Item[], end: EndEvent): object => {
  const { body, store, request, meter, id, input } = job;
  const finished = job.bodies.finished(output, end);
  if (body.store !== false)
    store.put({
      id,
      owner: ownerOf(request),
      previousId: body.previous_response_id ?? null,
      input,
      output,
      body: finished,
    });
  meter.succeeded(totalsOf([end], 1));
  return finished;
};

const statusOf = (end: EndEvent): 'completed' | 'incomplete' => (end.reason === 'length' ? 'incomplete' : 'completed');

const streamsOf = ({ context, request, chatRequest }: ResponseJob, { whole }: { readonly whole: boolean }) => [
  (signal: AbortSignal) => context.tier.chat(chatRequest, { ...request.call, signal, whole }),
];

const answerWhole = async (job: ResponseJob): Promise<object> => {
  const output = createResponseOutput({ event: () => undefined, delta: () => undefined });
  const [end] = await runChoices(job.request.scope, streamsOf(job, { whole: true }), {
    onEvent: (event) => {
      if (event.type !== 'start') job.meter.firstToken();
      output.add(event);
      return undefined;
    },
  });
  return settle(job, output.finish(statusOf(end!)), end!);
};

const answerStreamed = (job: ResponseJob): StreamedAnswer => {
  const { bodies, meter } = job;
  let write: (text: string) => void = () => undefined;
  const events = createResponseEvents((text) => write(text));
  const output = createResponseOutput(events);
  let started = false;
  return {
    run: async (stream) => {
      write = stream.write;
      const [end] = await runChoices(job.request.scope, streamsOf(job, { whole: false }), {
        onEvent: (event) => {
          if (!started) {
            started = true;
            const response = bodies.inProgress();
            events.event('response.created', { response });
            events.event('response.in_progress', { response });
          }
          if (event.type !== 'start') meter.firstToken();
          output.add(event);
          return stream.full ? stream.ready() : undefined;
        },
      });
      const status = statusOf(end!);
      const response = settle(job, output.finish(status), end!);
      events.event(`response.${status}`, { response });
    },
    fail: (_, error) => {
      const { code, message, param } = error.body.error;
      if (!started) events.event('response.created', { response: bodies.inProgress() });
      const items = output.abandon();
      events.event('error', { code, message, param });
      events.event('response.failed', { response: bodies.failed(items, error) });
    },
  };
};

const previousItems = async (store: SharedResponses, id: string | undefined, owner: string): Promise<Item[]> => {
  if (id === undefined) return [];
  const chain = await store.chain(id, owner);
  if (chain === null)
    throw new ServerError(
      'previous-response-not-found',
      `The previous response '${id}', or one before it, is not kept here: it was never stored, was deleted, or made place for newer ones. Send the conversation as input.`,
      { param: 'previous_response_id' },
    );
  return chain.flatMap((response) => [...response.input, ...response.output]);
};

/** Tiers name fields as chat completions do; these are theirs in this API. */
const restate = (error: unknown): unknown => {
  if (!(error instanceof TierError) || error.param === null) return error;
  const param = error.param
    .replace(/^response_format\.json_schema/, 'text.format')
    .replace(/^(tools\[\d+\])\.function/, '$1')
    .replace(/^messages\b.*/, 'input');
  return new TierError(error.code, error.message, { cause: error, param });
};

const registerCreate = (app: FastifyInstance, context: ServerContext, store: SharedResponses): void => {
  const checkBody = createSchemaCheck(ResponsesBodySchema);
  app.post('/v1/responses', async (request, reply) => {
    const body = checkBody(request.body);
    const model = modelOf(context.tier, body.model, 'chat');
    const input = itemsOf(body.input);
    const id = newId('resp_');
    const job: ResponseJob = {
      context,
      store,
      request,
      body,
      input,
      id,
      chatRequest: responseRequestOf(body, {
        model: model.id,
        caller: request.caller,
        deadlineMs: context.limits.deadlineMs,
        items: [...(await previousItems(store, body.previous_response_id, ownerOf(request))), ...input],
      }),
      bodies: createResponseBodies(body, { id, model: model.id, tier: context.tierName }),
      meter: context.metrics.meter({ operation: 'chat', model: model.id, startedMs: request.scope.startedMs }),
    };
    return answerRequest(
      { context, request, reply, meter: job.meter, restate },
      body.stream === true ? answerStreamed(job) : () => answerWhole(job),
    );
  });
};

const notFound = (id: string): ServerError =>
  new ServerError('response-not-found', `The response '${id.slice(0, 128)}' is not kept here`, {
    param: 'response_id',
  });

export const registerResponsesRoutes = (app: FastifyInstance, context: ServerContext, store: SharedResponses): void => {
  const find = async (request: FastifyRequest<{ Params: { id: string } }>): Promise<StoredResponse> => {
    const stored = await store.get(request.params.id, ownerOf(request));
    if (stored === null) throw notFound(request.params.id);
    return stored;
  };

  registerCreate(app, context, store);
  app.get<{ Params: { id: string }; Querystring: { stream?: string } }>('/v1/responses/:id', async (request) => {
    if (request.query.stream === 'true')
      throw new ServerError(
        'unsupported-parameter',
        "Unsupported parameter: 'stream': a kept response is not streamed again.",
        {
          param: 'stream',
        },
      );
    return (await find(request)).body;
  });
  app.delete<{ Params: { id: string } }>('/v1/responses/:id', async (request) => {
    const { id } = request.params;
    if (!(await store.delete(id, ownerOf(request)))) throw notFound(id);
    return { id, object: 'response', deleted: true };
  });
  app.get<{ Params: { id: string } }>('/v1/responses/:id/input_items', async (request) => {
    const stored = await find(request);
    const before = await previousItems(store, stored.previousId ?? undefined, ownerOf(request));
    return listItems([...before, ...stored.input], request.query);
  });
  app.post<{ Params: { id: string } }>('/v1/responses/:id/cancel', async (request) => {
    const { id } = await find(request);
    throw new ServerError(
      'unsupported-parameter',
      `Cannot cancel the response '${id}': only background responses can be, and there are none here. Close the request to end it.`,
    );
  });
};
