/**
 * POST /v1/completions: the legacy text endpoint, whole or as a stream, several prompts and choices at once.
 * What the fields mean is in `completion-request.ts`.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { TokenLogprobs } from '../engine/engine.js';
import type { CompletionRequest } from '../tiers/tier.js';
import { answerRequest, type StreamedAnswer } from './answer-request.js';
import { type ChunkHead, chunkFrame, doneEvent, errorEvent, usageChunk } from './chat-chunks.js';
import { finishReasonOf } from './chat-message.js';
import { createSchemaCheck } from './check-schema.js';
import { completionRequestsOf } from './completion-request.js';
import type { ApiError } from './error-table.js';
import type { EventStream } from './event-stream.js';
import { appendLegacyLogprobs, createLegacyLogprobs, type LegacyLogprobs } from './logprobs.js';
import type { RequestMeter } from './metrics.js';
import { type ContentEvent, runChoices } from './run-choices.js';
import { type CompletionBody, CompletionBodySchema } from './schemas/completion.js';
import { fingerprintOf, modelOf, newId, type ServerContext, unixSeconds } from './server-context.js';
import { spillwayBody, totalsOf, usageBody } from './usage.js';

interface CompletionJob {
  readonly context: ServerContext;
  readonly request: FastifyRequest;
  readonly body: CompletionBody;
  readonly requests: readonly CompletionRequest[];
  readonly choicesPerPrompt: number;
  readonly head: ChunkHead;
  readonly meter: RequestMeter;
}

interface Piece {
  readonly text: string;
  readonly logprobs: readonly TokenLogprobs[] | undefined;
}

/** A plain completion has one channel: what a thinking model says counts as text, calls as their JSON. */
const pieceOf = (event: ContentEvent): Piece | null => {
  switch (event.type) {
    case 'start':
      return null;
    case 'text':
      return { text: event.text, logprobs: event.logprobs };
    case 'reasoning':
      return { text: event.text, logprobs: undefined };
    case 'tool-call':
      return { text: event.argumentsDelta, logprobs: undefined };
    default:
      return event satisfies never;
  }
};

const streamsOf = ({ context, request, requests, body }: CompletionJob) =>
  requests.map(
    (completion) => (signal: AbortSignal) =>
      context.tier.complete(completion, { ...request.call, signal, whole: body.stream !== true }),
  );

/** Log-probabilities of one choice in the legacy shape; null where none were asked for. */
const createTracks = ({ requests }: CompletionJob) => {
  const tracks = requests.map(() => createLegacyLogprobs());
  return (choice: number, piece: Piece): LegacyLogprobs | null => {
    if (requests[choice]!.logprobs === undefined) return null;
    if (piece.logprobs !== undefined) return tracks[choice]!.add(piece.logprobs);
    tracks[choice]!.skip(piece.text);
    return null;
  };
};

const answerWhole = async (job: CompletionJob): Promise<object> => {
  const { context, request, requests, choicesPerPrompt, meter, head } = job;
  const texts = requests.map(() => '');
  const logprobs = requests.map((completion): LegacyLogprobs | null =>
    completion.logprobs === undefined ? null : { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] },
  );
  const track = createTracks(job);
  const ends = await runChoices(request.scope, streamsOf(job), {
    onEvent: (event, choice) => {
      const piece = pieceOf(event);
      if (piece === null) return undefined;
      meter.firstToken();
      texts[choice] += piece.text;
      const part = track(choice, piece);
      if (part !== null) appendLegacyLogprobs(logprobs[choice]!, part);
      return undefined;
    },
  });
  const totals = totalsOf(ends, choicesPerPrompt);
  meter.succeeded({ ...totals, choices: requests.length });
  return {
    ...head,
    choices: texts.map((text, index) => ({
      text,
      index,
      logprobs: logprobs[index],
      finish_reason: finishReasonOf(ends[index]!.reason),
    })),
    usage: usageBody(totals),
    spillway: spillwayBody(context.tierName, totals),
  };
};

const answerStreamed = (job: CompletionJob): StreamedAnswer => {
  const { context, request, requests, choicesPerPrompt, meter, body, head } = job;
  const includeUsage = body.stream_options?.include_usage === true;
  const { open, close } = chunkFrame(head, includeUsage);
  const track = createTracks(job);
  const finished = requests.map(() => false);

  const textChunk = (choice: number, text: string, logprobs: LegacyLogprobs | null): string =>
    `${open}{"text":${JSON.stringify(text)},"index":${choice},"logprobs":${
      logprobs === null ? 'null' : JSON.stringify(logprobs)
    },"finish_reason":null}${close}`;
  const finishChunk = (choice: number, reason: string, spillway?: object): string =>
    `${open}{"text":"","index":${choice},"logprobs":null,"finish_reason":${JSON.stringify(reason)}}${
      spillway === undefined ? close : `],"spillway":${JSON.stringify(spillway)}}\n\n`
    }`;

  const run = async (stream: EventStream): Promise<void> => {
    const ends = await runChoices(request.scope, streamsOf(job), {
      onEvent: (event, choice) => {
        const piece = pieceOf(event);
        // The start of an answer opens the stream, so that its reader knows the request has a place.
        if (piece === null) stream.write(textChunk(choice, '', null));
        else {
          meter.firstToken();
          const logprobs = track(choice, piece);
          if (piece.text !== '' || logprobs !== null) stream.write(textChunk(choice, piece.text, logprobs));
        }
        return stream.full ? stream.ready() : undefined;
      },
      onEnd: (event, choice) => {
        finished[choice] = true;
        if (includeUsage || finished.includes(false)) stream.write(finishChunk(choice, finishReasonOf(event.reason)));
        else finished[choice] = false;
      },
    });
    const totals = totalsOf(ends, choicesPerPrompt);
    const spillway = spillwayBody(context.tierName, totals);
    const last = finished.indexOf(false);
    if (last >= 0) stream.write(finishChunk(last, finishReasonOf(ends[last]!.reason), spillway));
    if (includeUsage) stream.write(usageChunk(head, { usage: usageBody(totals), spillway }));
    stream.write(doneEvent);
    meter.succeeded({ ...totals, choices: requests.length });
  };

  const fail = (stream: EventStream, error: ApiError): void => {
    for (const [choice, isFinished] of finished.entries()) if (!isFinished) stream.write(finishChunk(choice, 'error'));
    stream.write(errorEvent(error));
  };
  return { run, fail };
};

export const registerCompletionRoute = (app: FastifyInstance, context: ServerContext): void => {
  const checkBody = createSchemaCheck(CompletionBodySchema);
  app.post('/v1/completions', (request, reply) => {
    const body = checkBody(request.body);
    const model = modelOf(context.tier, body.model, 'completion');
    const job: CompletionJob = {
      context,
      request,
      body,
      ...completionRequestsOf(body, {
        model: model.id,
        caller: request.caller,
        deadlineMs: context.limits.deadlineMs,
      }),
      head: {
        id: newId('cmpl-'),
        object: 'text_completion',
        created: unixSeconds(),
        model: model.id,
        system_fingerprint: fingerprintOf(model),
      },
      meter: context.metrics.meter({
        operation: 'text_completion',
        model: model.id,
        startedMs: request.scope.startedMs,
      }),
    };
    return answerRequest(
      { context, request, reply, meter: job.meter },
      body.stream === true ? answerStreamed(job) : () => answerWhole(job),
    );
  });
};
