/**
 * Stands between what would go to a third party and its sending: a token that stands for a person's yes to exactly these
 * bytes gets an approved request, everything else the question.
 *
 * The ledger keeps questions and answers; `approve` (tiers/third-party) makes the one thing that can be sent.
 */
import type { Ledger } from '../ledger/ledger.js';
import { type ApprovedRequest, approve } from '../tiers/third-party/approved-request.js';
import type { OutgoingRequest } from '../tiers/third-party/outgoing-request.js';
import { GatewayError } from './gateway-error.js';

export interface ConsentPolicy {
  /** `request`: a yes holds for these bytes, once. `conversation`: for what goes on from the same beginning. */
  readonly scope: 'request' | 'conversation';
  readonly ttlMs: number;
}

export interface ConsentAsk {
  readonly outgoing: OutgoingRequest;
  /** Identifies the conversation, lower-case hex; what a yes is bound to under the scope `conversation`. */
  readonly conversationHash: string;
  readonly token: string | null;
  readonly keyId: string | null;
  readonly worstCostNanoUsd: number | null;
}

export interface ConsentGate {
  /** The approved request. Throws GatewayError `consent-required` with the question, or `consent-invalid`. */
  pass(ask: ConsentAsk): Promise<{ readonly approved: ApprovedRequest; readonly consentId: string }>;
}

const faults: Readonly<Record<string, string>> = {
  unknown: 'it is not one of this server',
  refused: 'the answer was no',
  expired: 'its time is over',
  used: 'it was used already',
  'other-content': 'it was given for other content',
  'other-provider': 'it was given for another provider',
};

export const createConsentGate = (options: {
  readonly ledger: Pick<Ledger, 'askConsent' | 'redeemConsent' | 'consent'>;
  readonly policy: ConsentPolicy;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly newId: () => string;
}): ConsentGate => {
  const { ledger, policy } = options;

  const question = async (ask: ConsentAsk, contentHash: string): Promise<GatewayError> => {
    const { outgoing } = ask;
    const id = options.newId();
    const createdMs = options.now();
    const expiresMs = createdMs + policy.ttlMs;
    await ledger.askConsent({
      id,
      provider: outgoing.provider,
      model: outgoing.model,
      keyId: ask.keyId,
      contentHash,
      scope: policy.scope,
      createdMs,
      expiresMs,
    });
    return new GatewayError(
      'consent-required',
      `Model ${outgoing.model} is a third party's (${outgoing.provider}): the request goes there only with a yes to consent ${id}`,
      {
        consent: {
          id,
          provider: outgoing.provider,
          model: outgoing.model,
          method: outgoing.method,
          url: outgoing.url,
          body: new TextDecoder().decode(outgoing.body),
          contentHash: outgoing.contentHash,
          redactions: outgoing.redactions,
          worstCostNanoUsd: ask.worstCostNanoUsd,
          expiresMs,
        },
      },
    );
  };

  return {
    async pass(ask) {
      const { outgoing, token } = ask;
      const contentHash = policy.scope === 'conversation' ? ask.conversationHash : outgoing.contentHash;
      if (token === null) throw await question(ask, contentHash);
      const nowMs = options.now();
      const { outcome, consentId } = await ledger.redeemConsent({
        token,
        provider: outgoing.provider,
        contentHash,
        nowMs,
      });
      // Other bytes than those that were seen are a new question, not a fault of the caller's.
      if (outcome === 'other-content') throw await question(ask, contentHash);
      if (outcome !== 'ok' || consentId === null)
        throw new GatewayError('consent-invalid', `Cannot use the consent token: ${faults[outcome] ?? outcome}`);
      const record = await ledger.consent(consentId);
      const grant = {
        consentId,
        provider: outgoing.provider,
        contentHash: outgoing.contentHash,
        expiresMs: record?.expiresMs ?? nowMs,
      };
      const approval = approve(outgoing, { grant, nowMs });
      if (approval.type === 'refused')
        throw new GatewayError('consent-invalid', `Cannot use the consent token: ${faults[approval.reason]}`);
      return { approved: approval.request, consentId };
    },
  };
};
