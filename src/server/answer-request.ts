/**
 * Runs a generating request to its end, whole or streamed, and settles what went wrong: before the first event as a
 * status, after it inside the stream. Knows no wire format; the routes bring theirs.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ApiError, isInternal, toApiError } from './error-table.js';
import { createEventStream, type EventStream } from './event-stream.js';
import type { RequestMeter } from './metrics.js';
import type { ServerContext } from './server-context.js';
import { ServerError } from './server-error.js';

export interface StreamedAnswer {
  /** Writes the whole stream; a rejection breaks it off. */
  run(stream: EventStream): Promise<void>;
  /** Writes the end of a stream that broke off, so that no reader takes it for whole. */
  fail(stream: EventStream, error: ApiError): void;
}

export interface AnsweredRequest {
  readonly context: ServerContext;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly meter: RequestMeter;
  /** Puts a tier's failure in the words of this endpoint's fields. */
  readonly restate?: (error: unknown) => unknown;
}

/** Logs a failure that no status tells of any more; refusals and hang-ups are not worth a line. */
export const logFailure = (context: ServerContext, request: FastifyRequest, error: unknown): void => {
  const { status, body } = toApiError(error);
  const fields = { requestId: request.id, route: request.routeOptions.url, status, code: body.error.code };
  if (isInternal(error)) context.logger?.error({ ...fields, err: error }, 'request failed');
  else if (status >= 500) context.logger?.warn(fields, `request failed: ${body.error.message}`);
};

const openStream = ({ context, request, reply }: AnsweredRequest): EventStream =>
  createEventStream(reply.raw, {
    clock: context.clock,
    heartbeatMs: context.limits.heartbeatMs,
    stallMs: context.limits.stallMs,
    headers: () => reply.getHeaders() as Record<string, string>,
    onOpen: () => reply.hijack(),
    onStall: () =>
      request.scope.abort(
        new ServerError(
          'client-stalled',
          `The client read nothing of its stream for ${context.limits.stallMs} ms, which is the limit`,
        ),
      ),
  });

/** Resolves with the body to send, or with the reply once a stream has ended. Rejects while a status can still go out. */
export const answerRequest = async (
  answered: AnsweredRequest,
  answer: (() => Promise<object>) | StreamedAnswer,
): Promise<object> => {
  const { context, request, reply, meter } = answered;
  let stream: EventStream | null = null;
  try {
    if (typeof answer === 'function') return await answer();
    stream = openStream(answered);
    await answer.run(stream);
    stream.end();
    return reply;
  } catch (thrown) {
    const error = answered.restate?.(thrown) ?? thrown;
    const apiError = toApiError(error);
    meter.failed(apiError.body.error.code ?? apiError.body.error.type);
    if (stream === null || !stream.opened || typeof answer === 'function') throw error;
    logFailure(context, request, error);
    answer.fail(stream, apiError);
    stream.end();
    return reply;
  } finally {
    stream?.dispose();
  }
};
