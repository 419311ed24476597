/**
 * The HTTP server: puts guards, routes and limits together on Fastify, and gives it a life: listen, drain, close.
 * It receives a Tier and builds none; signals of the process are the command line's.
 */
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { EngineError } from '../engine/engine-error.js';
import { createAccessGuard } from './access-guard.js';
import { logFailure } from './answer-request.js';
import { createApiKeys, identifyKept } from './api-keys.js';
import { registerChatRoute } from './chat-route.js';
import { compact } from './compact.js';
import { registerCompletionRoute } from './completion-route.js';
import { registerEmbeddingsRoute } from './embeddings-route.js';
import { toApiError } from './error-table.js';
import { createFlushClock } from './flush-clock.js';
import { listenFailure, refuseMalformed, translateFrameworkError } from './framework-errors.js';
import { parseJsonBody } from './json-body.js';
import { createMetrics, type MetricsSnapshot } from './metrics.js';
import { registerModelsRoute } from './models-route.js';
import { rateLimitHeaders } from './rate-limit-headers.js';
import { isStillArriving, refuseAndReadOn } from './read-on.js';
import { createRequestRegistry } from './request-scope.js';
import { createResponseStore } from './responses/response-store.js';
import { registerResponsesRoutes } from './responses/responses-route.js';
import { shareResponses } from './responses/shared-responses.js';
import { createRouteList } from './route-list.js';
import { routingOf } from './routing.js';
import { registerRoutingRoutes } from './routing-routes.js';
import { newId, type ServerContext } from './server-context.js';
import { ServerError } from './server-error.js';
import { defaultLimits, requestLimits, type ServerOptions } from './server-options.js';
import type { SiblingQuestion } from './siblings.js';

export interface SpillwayServer {
  /** Binds host and port; throws ServerError `listen-failed`, saying why, for a port in use and the like. */
  listen(): Promise<{ readonly host: string; readonly port: number; readonly url: string }>;
  /**
   * Refuses new requests with 503, lets running ones end for `timeoutMs` (default 30 s), breaks off the rest with the
   * error `shutting-down`, and closes. /health says 503 meanwhile.
   */
  drain(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Breaks off what runs and closes. */
  close(): Promise<void>;
  /** What another server of the same port asks. */
  answer(question: SiblingQuestion): Promise<unknown>;
  /** A request without a socket, for tests. */
  readonly inject: FastifyInstance['inject'];
}

/** The system takes so much of an answer, in characters, whether its reader does or not. */
const takenAtOnce = 4_096;
/** These answer while the server drains. */
const alwaysOpen = new Set(['/health', '/metrics']);

/** Builds the server; nothing listens yet. */
export const createServer = (options: ServerOptions): SpillwayServer => {
  const limits = { ...defaultLimits, ...options.limits };
  const logger = options.logger ?? null;
  const registry = createRequestRegistry();
  const clock = createFlushClock();
  const metrics = createMetrics(options.stats);
  const { siblings } = options;
  const responses = createResponseStore({
    count: limits.storedResponses,
    bytes: limits.storedResponseBytes,
    ageMs: limits.storedResponseAgeMs,
  });
  const apiKeys = createApiKeys(options.apiKeys ?? []);
  const guard = createAccessGuard(
    options.host,
    compact({ allowedHosts: options.allowedHosts, allowedOrigins: options.allowedOrigins }),
  );
  const context: ServerContext = {
    tier: options.tier,
    tierName: options.tier.name ?? 'device',
    limits,
    metrics,
    registry,
    clock,
    apiKeys,
    logger,
  };
  let draining = false;

  const sendError = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const cause = translateFrameworkError(error, limits);
    const apiError = toApiError(cause);
    logFailure(context, request, cause);
    if (apiError.status === 401) reply.header('www-authenticate', 'Bearer');
    // Fastify closes the connection after a bad body; a client that is still sending would then never see why.
    if (!draining) reply.removeHeader('connection');
    reply.code(apiError.status).headers(apiError.headers);
    if (isStillArriving(request.raw)) refuseAndReadOn(request, reply, apiError.body);
    else reply.send(apiError.body);
  };

  const app = Fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    genReqId: () => newId('req_'),
    forceCloseConnections: true,
    return503OnClosing: false,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: Math.max(100, Math.min(5_000, Math.floor(limits.headersTimeoutMs / 2))),
    },
    routerOptions: { maxParamLength: 1024 },
    frameworkErrors: (error, request, reply) => sendError(error, request, reply as unknown as FastifyReply),
    clientErrorHandler: refuseMalformed as never,
  });
  app.server.maxConnections = limits.connections;
  const routes = createRouteList();
  app.addHook('onRoute', ({ method, url }) => routes.add(url, method));

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    // Clients say JSON of bodies that they do not send, too, where none is wanted.
    const isWanted = request.method === 'POST' && !(request.routeOptions.url ?? '').endsWith('/cancel');
    try {
      done(null, bytes.length === 0 && !isWanted ? undefined : parseJsonBody(bytes as Buffer, requestLimits.jsonDepth));
    } catch (error) {
      done(error as Error);
    }
  });
  app.setErrorHandler(sendError);
  app.decorateRequest('scope');
  app.decorateRequest('caller');
  app.decorateRequest('call');
  app.decorateRequest('key');

  const setCaller = (request: FastifyRequest, name: string | null): void => {
    request.caller = name === null ? { client: request.ip } : { client: name, cacheScope: name };
  };
  const checkState = (request: FastifyRequest, reply: FastifyReply, path: string): void => {
    if (draining && !alwaysOpen.has(path)) {
      reply.header('connection', 'close');
      throw new ServerError('draining', 'The server is shutting down and takes no new request');
    }
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity')
      throw new ServerError(
        'unsupported-media-type',
        `The request body must come as it is, not with Content-Encoding "${encoding.slice(0, 64)}"`,
      );
  };
  /** Who comes from where, and may: null, a promise where a key must be looked up, or `answered` for a preflight. */
  const letIn = (request: FastifyRequest, reply: FastifyReply): Promise<void> | 'answered' | null => {
    request.scope = registry.enter(reply.raw);
    reply.header('x-request-id', request.id);
    const { host, origin, authorization } = request.headers;
    guard.checkHost(host);
    if (origin !== undefined) {
      reply.headers(guard.checkOrigin(origin, host));
      if (request.method === 'OPTIONS') {
        reply.headers(guard.preflightHeaders(request.headers['access-control-request-headers']));
        reply.code(204).send();
        return 'answered';
      }
    }
    const path = request.routeOptions.url ?? '';
    if (path !== '/health' && options.keys !== undefined)
      return identifyKept(options.keys, authorization).then((kept) => {
        if (kept !== null) request.key = kept;
        setCaller(request, kept?.id ?? null);
        checkState(request, reply, path);
      });
    if (path !== '/health') setCaller(request, apiKeys.identify(authorization));
    checkState(request, reply, path);
    return null;
  };
  // Hooks call back instead of returning promises: those of a request would cost as much as reading it. What they call
  // stands outside of what they catch, or a fault further on would call it twice.
  app.addHook('onRequest', (request, reply, done) => {
    let state: ReturnType<typeof letIn>;
    try {
      state = letIn(request, reply);
    } catch (error) {
      done(error as Error);
      return;
    }
    if (state === null) done();
    else if (state !== 'answered') state.then(() => done(), done);
  });
  app.addHook('preHandler', (request, reply, done) => {
    try {
      request.call = {
        routing: routingOf(request),
        onAdmitted: (rateLimits) => {
          if (rateLimits.requests !== null || rateLimits.tokens !== null) reply.headers(rateLimitHeaders(rateLimits));
        },
      };
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  });
  // A reader that takes nothing of whole answers is cut off as one of a stream would be. A short one the system takes
  // whether its reader does or not, unless others before it still wait.
  app.addHook('onSend', (_, reply, payload, done) => {
    const isTaken =
      typeof payload === 'string' && payload.length < takenAtOnce && (reply.raw.socket?.writableLength ?? 1) === 0;
    if (!isTaken) reply.raw.setTimeout(limits.stallMs, () => reply.raw.destroy());
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const status = reply.raw.statusCode;
    metrics.countRequest({ method: request.method, route, status });
    logger?.info(
      {
        requestId: request.id,
        method: request.method,
        route,
        status,
        durationMs: Math.round(reply.elapsedTime),
      },
      'request',
    );
    done();
  });

  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?', 1)[0]!;
    const methods = routes.methodsOf(path);
    if (methods.length === 0) throw new ServerError('not-found', routes.describeMissing(request.method, path));
    reply.header('allow', methods.join(', '));
    throw new ServerError(
      'method-not-allowed',
      `${path.slice(0, 255)} takes ${methods.join(' or ')}, not ${request.method}`,
    );
  });

  app.get('/health', async (_, reply) => {
    reply.code(draining ? 503 : 200);
    return {
      status: draining ? 'draining' : 'ok',
      models: options.tier.models().map((model) => model.id),
      requests: registry.size - 1,
    };
  });
  app.get('/metrics', async (_, reply) => {
    reply.type(metrics.contentType);
    return metrics.render(((await siblings?.ask({ type: 'metrics' })) ?? []) as MetricsSnapshot[]);
  });
  registerModelsRoute(app, context);
  registerChatRoute(app, context);
  registerCompletionRoute(app, context);
  registerResponsesRoutes(app, context, shareResponses(responses, siblings));
  registerEmbeddingsRoute(app, context);
  if (options.routing !== undefined) registerRoutingRoutes(app, options.routing);

  const closeNow = async (): Promise<void> => {
    registry.abortAll(new EngineError('shutting-down', 'The server is shutting down; this answer is not whole'));
    // The aborted ones say so to their clients first.
    await registry.idle(1_000);
    await app.close();
    clock.stop();
  };

  return {
    inject: app.inject.bind(app) as FastifyInstance['inject'],
    listen: async () => {
      try {
        await app.listen({ host: options.host, port: options.port, backlog: 1024 });
      } catch (error) {
        throw listenFailure(error as NodeJS.ErrnoException, options.host, options.port);
      }
      const address = app.server.address();
      const port = typeof address === 'object' && address !== null ? address.port : options.port;
      const shown = options.host.includes(':') ? `[${options.host}]` : options.host;
      return { host: options.host, port, url: `http://${shown}:${port}` };
    },
    drain: async ({ timeoutMs = 30_000 } = {}) => {
      draining = true;
      app.server.closeIdleConnections();
      await registry.idle(timeoutMs);
      await closeNow();
    },
    close: async () => {
      draining = true;
      await closeNow();
    },
    async answer(question) {
      switch (question.type) {
        case 'metrics':
          return metrics.snapshot();
        case 'response':
          return responses.get(question.id, question.owner);
        case 'delete-response':
          return responses.delete(question.id, question.owner);
        default:
          return question satisfies never;
      }
    },
  };
};
