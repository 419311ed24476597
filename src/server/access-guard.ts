/**
 * Keeps web pages from elsewhere out: the Host header against DNS rebinding, the Origin header against cross-site
 * calls, and the CORS headers for the origins that were allowed. Works on header values; knows no request object.
 */
import { isIP } from 'node:net';
import { rateLimitHeaderNames } from './rate-limit-headers.js';
import { ServerError } from './server-error.js';

export interface AccessGuard {
  /** Throws `host-refused` for a name that a page could have pointed here. */
  checkHost(host: string | undefined): void;
  /** Headers to answer with, empty for callers that are no web page. Throws `origin-refused`. */
  checkOrigin(origin: string | undefined, host: string | undefined): Readonly<Record<string, string>>;
  /** What a preflight of an allowed origin gets on top. */
  preflightHeaders(requestedHeaders: string | undefined): Readonly<Record<string, string>>;
}

/** `Example.com.:8080` -> `example.com`, `[::1]:80` -> `::1`. */
export const hostnameOf = (host: string): string => {
  const lower = host.trim().toLowerCase();
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(lower)?.[1];
  if (bracketed !== undefined) return bracketed;
  if (isIP(lower) === 6) return lower;
  return lower.replace(/:\d*$/, '').replace(/\.$/, '');
};

/** True for names and addresses that never leave this machine. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' ||
  hostname.endsWith('.localhost') ||
  hostname === '::1' ||
  (isIP(hostname) === 4 && hostname.startsWith('127.')) ||
  /^::ffff:127\.\d+\.\d+\.\d+$/.test(hostname);

/** What web pages may read of an answer. */
const exposedHeaders = ['x-request-id', 'retry-after', ...rateLimitHeaderNames].join(', ');

/** `boundHost` is the address that the server binds. */
export const createAccessGuard = (
  boundHost: string,
  options: { readonly allowedHosts?: readonly string[]; readonly allowedOrigins?: readonly string[] } = {},
): AccessGuard => {
  const bound = hostnameOf(boundHost);
  const named = new Set([bound, ...(options.allowedHosts ?? []).map(hostnameOf)]);
  const origins = new Set((options.allowedOrigins ?? []).map((origin) => origin.toLowerCase().replace(/\/+$/, '')));
  // On the network people reach a server by names it cannot know; a list of names makes the check hold there too.
  const enforced = isLoopback(bound) || (options.allowedHosts ?? []).length > 0;

  const isTrusted = (hostname: string): boolean =>
    isLoopback(hostname) || named.has(hostname) || (!isLoopback(bound) && isIP(hostname) !== 0);

  /** The last one that was let in: nearly all requests come under one name. */
  let known: string | null = null;
  const checkHost = (host: string | undefined): void => {
    if (!enforced || (host !== undefined && host === known)) return;
    if (host !== undefined && isTrusted(hostnameOf(host))) {
      known = host;
      return;
    }
    throw new ServerError(
      'host-refused',
      `Refused: the Host header "${(host ?? '').slice(0, 255)}" is not a name of this server. Use http://127.0.0.1 or http://localhost, or start the server with --allow-host ${host === undefined ? 'NAME' : hostnameOf(host).slice(0, 255)}`,
    );
  };

  const isSameOrigin = (origin: string, host: string | undefined): boolean =>
    host !== undefined && isTrusted(hostnameOf(host)) && origin.replace(/^https?:\/\//, '') === host.toLowerCase();

  const checkOrigin = (origin: string | undefined, host: string | undefined): Record<string, string> => {
    if (origin === undefined) return {};
    const lower = origin.toLowerCase();
    if (isSameOrigin(lower, host)) return {};
    if (!origins.has(lower) && !origins.has('*'))
      throw new ServerError(
        'origin-refused',
        // "null" is what sandboxed frames of any site say: nobody should be told to let it in.
        `Refused: web pages of the origin "${origin.slice(0, 255)}" may not call this server.${lower === 'null' ? '' : ` Start it with --allow-origin ${origin.slice(0, 255)} to let them`}`,
      );
    return {
      'access-control-allow-origin': origin,
      'access-control-expose-headers': exposedHeaders,
      vary: 'origin',
    };
  };

  const preflightHeaders = (requestedHeaders: string | undefined): Record<string, string> => ({
    'access-control-allow-methods': 'GET, POST, DELETE',
    'access-control-allow-headers': requestedHeaders ?? 'authorization, content-type',
    'access-control-allow-private-network': 'true',
    'access-control-max-age': '600',
  });

  return { checkHost, checkOrigin, preflightHeaders };
};
