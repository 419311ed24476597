/**
 * Refusals of requests whose bodies are still arriving. An answer that ends at once closes the connection of a client
 * that asked for that, or speaks HTTP/1.0, while it writes: it then sees a broken pipe and never the answer.
 * Knows requests and responses, not what was refused.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What came of a body by then was read and thrown away; the rest is not waited for. */
const readOnMs = 30_000;

/** True where the client has a body to send and has not sent all of it. */
export const isStillArriving = (request: IncomingMessage): boolean =>
  !request.complete &&
  !request.readableEnded &&
  !request.destroyed &&
  (request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0);

/** Sends the whole answer now and ends the response when the client is done. */
export const refuseAndReadOn = (request: FastifyRequest, reply: FastifyReply, body: object): void => {
  const json = JSON.stringify(body);
  reply.hijack();
  const { raw: response } = reply;
  response.writeHead(reply.statusCode, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(json),
  });
  response.write(json);
  let timer: NodeJS.Timeout | null = null;
  const end = (): void => {
    if (timer !== null) clearTimeout(timer);
    response.end();
  };
  timer = setTimeout(end, readOnMs);
  request.raw.once('end', end);
  request.raw.once('close', end);
  // A client that goes away meanwhile has what it wanted.
  request.raw.on('error', end);
  response.on('error', end);
  request.raw.resume();
};
