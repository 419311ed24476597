/**
 * What a router adds to the API: answers to questions of consent, and why a request ran where it did.
 * Absent where one tier alone is served.
 */
import type { FastifyInstance } from 'fastify';
import type { RouteRecord } from '../gateway/route-log.js';
import type { ConsentRecord } from '../ledger/ledger.js';
import { routeBody } from './route-body.js';
import { invalidParameter, ServerError } from './server-error.js';

export interface RoutingService {
  /** Null where nobody remembers it, or this key may not see it. */
  route(id: string, keyId: string | null): Promise<RouteRecord | null>;
  consent(id: string): Promise<ConsentRecord | null>;
  /** Answers once; the token of a yes. */
  answerConsent(id: string, grant: boolean): Promise<{ readonly token: string | null }>;
}

const seconds = (ms: number): number => Math.floor(ms / 1000);

const consentBody = ({ id, provider, model, state, createdMs, expiresMs, scope }: ConsentRecord) => ({
  id,
  object: 'consent',
  provider,
  model,
  scope,
  state,
  created: seconds(createdMs),
  expires: seconds(expiresMs),
});

export const registerRoutingRoutes = (app: FastifyInstance, service: RoutingService): void => {
  /** The consent, where the caller is the one who was asked; to all others it is not there. */
  const ownConsent = async (id: string, keyId: string | null): Promise<ConsentRecord> => {
    const record = await service.consent(id);
    if (record === null || record.keyId !== keyId)
      throw new ServerError('not-found', `There is no consent '${id.slice(0, 128)}' to answer here`);
    return record;
  };

  app.get<{ Params: { id: string } }>('/v1/routes/:id', async (request) => {
    const { id } = request.params;
    const record = await service.route(id, request.key?.id ?? null);
    if (record === null)
      throw new ServerError(
        'not-found',
        `There is no route '${id.slice(0, 128)}' here; routes are kept for a while only`,
      );
    return routeBody(record);
  });
  app.get<{ Params: { id: string } }>('/v1/consents/:id', async (request) =>
    consentBody(await ownConsent(request.params.id, request.key?.id ?? null)),
  );
  app.post<{ Params: { id: string } }>('/v1/consents/:id', async (request) => {
    const { grant } = (request.body ?? {}) as { grant?: unknown };
    if (typeof grant !== 'boolean') throw invalidParameter('grant', "Invalid 'grant': expected true or false.");
    const record = await ownConsent(request.params.id, request.key?.id ?? null);
    const { token } = await service.answerConsent(record.id, grant);
    return { ...consentBody({ ...record, state: grant ? 'granted' : 'refused' }), token };
  });
};
