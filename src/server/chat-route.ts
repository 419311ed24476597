/**
 * POST /v1/chat/completions: a checked body to a tier and its events back, whole or as a stream.
 * What the fields mean is in `chat-request.ts`, what the chunks look like in `chat-chunks.ts`.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ChatRequest } from '../tiers/tier.js';
import { answerRequest, type StreamedAnswer } from './answer-request.js';
import { type ChunkHead, createChatChunks, doneEvent, errorEvent, usageChunk } from './chat-chunks.js';
import { createChatMessageCollector, finishReasonOf } from './chat-message.js';
import { chatRequestsOf } from './chat-request.js';
import { createSchemaCheck } from './check-schema.js';
import type { ApiError } from './error-table.js';
import type { EventStream } from './event-stream.js';
import type { RequestMeter } from './metrics.js';
import { runChoices } from './run-choices.js';
import { type ChatBody, ChatBodySchema } from './schemas/chat.js';
import { fingerprintOf, modelOf, newId, type ServerContext, unixSeconds } from './server-context.js';
import { spillwayBody, totalsOf, usageBody } from './usage.js';

interface ChatJob {
  readonly context: ServerContext;
  readonly request: FastifyRequest;
  readonly body: ChatBody;
  readonly requests: readonly ChatRequest[];
  readonly head: Omit<ChunkHead, 'object'>;
  readonly meter: RequestMeter;
}

const streamsOf = ({ context, request, requests, body }: ChatJob) =>
  requests.map(
    (chatRequest) => (signal: AbortSignal) =>
      context.tier.chat(chatRequest, { ...request.call, signal, whole: body.stream !== true }),
  );

const answerWhole = async (job: ChatJob): Promise<object> => {
  const { context, request, requests, meter, head } = job;
  const messages = requests.map((chatRequest) => createChatMessageCollector(chatRequest.logprobs !== undefined));
  const ends = await runChoices(request.scope, streamsOf(job), {
    onEvent: (event, choice) => {
      if (event.type !== 'start') meter.firstToken();
      messages[choice]!.add(event);
      return undefined;
    },
  });
  const totals = totalsOf(ends, requests.length);
  meter.succeeded({ ...totals, choices: requests.length });
  return {
    id: head.id,
    object: 'chat.completion',
    created: head.created,
    model: head.model,
    choices: messages.map((message, index) => message.choice(index, ends[index]!.reason)),
    usage: usageBody(totals),
    system_fingerprint: head.system_fingerprint,
    spillway: spillwayBody(context.tierName, totals),
  };
};

const answerStreamed = (job: ChatJob): StreamedAnswer => {
  const { context, request, requests, meter, body } = job;
  const head = { ...job.head, object: 'chat.completion.chunk' };
  const includeUsage = body.stream_options?.include_usage === true;
  const chunks = createChatChunks(head, { choices: requests.length, includeUsage });
  const started = requests.map(() => false);
  const finished = requests.map(() => false);

  const run = async (stream: EventStream): Promise<void> => {
    const ends = await runChoices(request.scope, streamsOf(job), {
      onEvent: (event, choice) => {
        if (!started[choice]) {
          started[choice] = true;
          stream.write(chunks.role(choice));
        }
        if (event.type !== 'start') meter.firstToken();
        if (event.type === 'text') {
          if (event.text !== '' || event.logprobs !== undefined)
            stream.write(chunks.text(choice, event.text, event.logprobs));
        } else if (event.type === 'reasoning') stream.write(chunks.reasoning(choice, event.text));
        else if (event.type === 'tool-call') stream.write(chunks.toolCall(choice, event));
        return stream.full ? stream.ready() : undefined;
      },
      onEnd: (event, choice) => {
        // Without a usage chunk the last finish carries the totals, which are known when all have ended.
        finished[choice] = true;
        if (includeUsage || finished.includes(false)) stream.write(chunks.finish(choice, finishReasonOf(event.reason)));
        else finished[choice] = false;
      },
    });
    const totals = totalsOf(ends, requests.length);
    const spillway = spillwayBody(context.tierName, totals);
    const last = finished.indexOf(false);
    if (last >= 0) stream.write(chunks.finish(last, finishReasonOf(ends[last]!.reason), spillway));
    if (includeUsage) stream.write(usageChunk(head, { usage: usageBody(totals), spillway }));
    stream.write(doneEvent);
    meter.succeeded({ ...totals, choices: requests.length });
  };

  const fail = (stream: EventStream, error: ApiError): void => {
    for (const [choice, isFinished] of finished.entries())
      if (!isFinished) stream.write(chunks.finish(choice, 'error'));
    stream.write(errorEvent(error));
  };
  return { run, fail };
};

export const registerChatRoute = (app: FastifyInstance, context: ServerContext): void => {
  const checkBody = createSchemaCheck(ChatBodySchema);
  app.post('/v1/chat/completions', (request, reply) => {
    const body = checkBody(request.body);
    const model = modelOf(context.tier, body.model, 'chat');
    const job: ChatJob = {
      context,
      request,
      body,
      requests: chatRequestsOf(body, {
        model: model.id,
        caller: request.caller,
        deadlineMs: context.limits.deadlineMs,
      }),
      head: {
        id: newId('chatcmpl-'),
        created: unixSeconds(),
        model: model.id,
        system_fingerprint: fingerprintOf(model),
      },
      meter: context.metrics.meter({ operation: 'chat', model: model.id, startedMs: request.scope.startedMs }),
    };
    return answerRequest(
      { context, request, reply, meter: job.meter },
      body.stream === true ? answerStreamed(job) : () => answerWhole(job),
    );
  });
};
