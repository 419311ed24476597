/**
 * A third party as a place: redaction, then consent to the exact bytes, then the sending; the answer gets its values back.
 */
import { createHash } from 'node:crypto';
import type { EndpointModel } from '../config/config.js';
import type { TokenPrice } from '../route/route.js';
import type { OutgoingRequest } from '../tiers/third-party/outgoing-request.js';
import { redactedRequest } from '../tiers/third-party/redacted-request.js';
import type { Redaction, Redactor } from '../tiers/third-party/redaction/redaction.js';
import { RedactionError } from '../tiers/third-party/redaction/redaction-error.js';
import type { ThirdPartyTransport } from '../tiers/third-party/third-party-transport.js';
import type { ChatEvent, ChatRequest, CompletionRequest } from '../tiers/tier.js';
import type { ConsentGate, Passed } from './consent-gate.js';
import { GatewayError } from './gateway-error.js';
import { keptFor, modelsKeptMs } from './kept-for.js';
import type { Place, PlaceCall } from './place.js';

export interface ThirdPartyPlaceOptions {
  readonly transport: ThirdPartyTransport;
  readonly redactor: Redactor;
  readonly gate: ConsentGate;
  /** Name of the provider as configured. */
  readonly provider: string;
  readonly models: readonly EndpointModel[];
  readonly priceOf: (model: string) => TokenPrice | null;
  /** Unix seconds. */
  readonly createdSeconds: number;
}

/** What makes a conversation the same one: who answers it, how it began, under which key. */
const conversationHashOf = (
  request: ChatRequest | CompletionRequest,
  provider: string,
  keyId: string | null,
): string => {
  const firstUser = 'messages' in request ? request.messages.findIndex(({ role }) => role === 'user') : -1;
  const beginning =
    'messages' in request
      ? request.messages.slice(0, firstUser < 0 ? request.messages.length : firstUser + 1)
      : request.prompt;
  return createHash('sha256')
    .update(JSON.stringify([provider, request.model, keyId, beginning]))
    .digest('hex');
};

export const createThirdPartyPlace = (options: ThirdPartyPlaceOptions): Place => {
  const { transport, redactor, provider } = options;

  const redact = <Request extends Parameters<Redactor['redact']>[0]>(request: Request): Redaction<Request> => {
    try {
      return redactor.redact(request);
    } catch (error) {
      if (!(error instanceof RedactionError)) throw error;
      throw new GatewayError('redaction-failed', `Nothing goes to ${provider}: ${error.message}`, { cause: error });
    }
  };

  const approve = async (outgoing: OutgoingRequest, call: PlaceCall, conversationHash: string): Promise<Passed> => {
    const passed = await options.gate.pass({
      outgoing,
      conversationHash,
      token: call.consentToken,
      keyId: call.keyId,
      app: call.app,
      worstCostNanoUsd: call.worstCostNanoUsd,
      askConsent: call.askConsent,
      approvals: call.approvals,
    });
    call.onCrossing({ consentId: passed.consentId, redactions: outgoing.redactions });
    return passed;
  };

  const prepareChat = (request: ChatRequest) => {
    const redaction = redact(request);
    return { redaction, outgoing: transport.prepareChat(redactedRequest(redaction), { provider }) };
  };

  async function* generate(
    request: ChatRequest | CompletionRequest,
    prepare: () => { readonly outgoing: OutgoingRequest; readonly redaction: Redaction },
    call: PlaceCall,
  ): AsyncGenerator<ChatEvent> {
    const { outgoing, redaction } = prepare();
    const { approved } = await approve(outgoing, call, conversationHashOf(request, provider, call.keyId));
    yield* redaction.restoreEvents(transport.generate(approved, { signal: call.signal }));
  }

  return {
    tier: 'third-party',
    endpoint: provider,
    models: keptFor(modelsKeptMs, () =>
      options.models.map(({ name, capabilities }) => ({
        id: name,
        capabilities,
        price: options.priceOf(name),
        ownedBy: provider,
        created: options.createdSeconds,
        digest: null,
      })),
    ),
    load: () => null,
    chat: (request, call) => generate(request, () => prepareChat(request), call),
    complete: (request, call) =>
      generate(
        request,
        () => {
          const redaction = redact(request);
          return { redaction, outgoing: transport.prepareCompletion(redactedRequest(redaction), { provider }) };
        },
        call,
      ),
    async embed(request, call) {
      const redaction = redact(request);
      const outgoing = transport.prepareEmbedding(redactedRequest(redaction), { provider });
      const { approved } = await approve(outgoing, call, outgoing.contentHash);
      return transport.embed(approved, { signal: call.signal });
    },
    // The words so far would be other bytes than those that somebody said yes to.
    resume: () => null,
    prepareChat: (request) => prepareChat(request).outgoing,
    close: () => transport.close(),
  };
};
