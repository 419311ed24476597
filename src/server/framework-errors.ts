/**
 * Failures of Fastify, of Node's HTTP parser and of binding a port, in this server's own words and envelope.
 * Knows their codes and nothing of requests.
 */
import { maxHeaderSize, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { toApiError } from './error-table.js';
import { ServerError } from './server-error.js';

/** Failures of the framework itself, in this server's words. */
export const translateFrameworkError = (error: unknown, limits: { readonly bodyBytes: number }): unknown => {
  const code = (error as { code?: unknown } | null)?.code;
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ServerError(
        'body-too-large',
        `The request body is larger than the limit of ${limits.bodyBytes} bytes`,
      );
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ServerError(
        'unsupported-media-type',
        'The request body must be JSON: send it with the header "Content-Type: application/json"',
      );
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new ServerError('malformed-request', 'The request body is not as long as its Content-Length says');
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new ServerError('malformed-request', 'The path of the request cannot be read');
    case 'ECONNRESET':
      return new ServerError('client-gone', 'The client closed the connection before its request was whole', {
        cause: error,
      });
    default:
      return error;
  }
};

/** What Node's parser refuses never becomes a request; the answer is written to the bare socket. */
export const refuseMalformed = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const { body } = toApiError(
    new ServerError(
      'malformed-request',
      status === 408
        ? 'The request did not arrive in time'
        : status === 431
          ? `The headers of the request are larger than the limit of ${maxHeaderSize} bytes`
          : 'The request cannot be read as HTTP',
    ),
  );
  const json = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(json)}\r\nconnection: close\r\n\r\n${json}`,
  );
};

/** Why a server could not bind `host` and `port`. */
export const listenFailure = (error: NodeJS.ErrnoException, host: string, port: number): ServerError => {
  const where = `Cannot listen on ${host}:${port}`;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the port is in use. Stop the other program or choose another port (--port)',
    EACCES: `this user may not bind port ${port}. Choose one above 1023 (--port)`,
    EADDRNOTAVAIL: 'this machine has no such address (--host)',
    ENOTFOUND: 'the name is not known (--host)',
  };
  return new ServerError('listen-failed', `${where}: ${reasons[error.code ?? ''] ?? error.message}`, { cause: error });
};
