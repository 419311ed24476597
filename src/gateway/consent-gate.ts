/**
 * Stands between what would go to a third party and its sending: a token that stands for a person's yes to exactly these
 * bytes gets an approved request, everything else the question.
 *
 * The ledger keeps questions and answers; `approve` (tiers/third-party) makes the one thing that can be sent.
 */
import type { ConsentRefusal, Ledger } from '../ledger/ledger.js';
import { type ApprovedRequest, approve } from '../tiers/third-party/approved-request.js';
import type { OutgoingRequest } from '../tiers/third-party/outgoing-request.js';
import { GatewayError } from './gateway-error.js';
import type { Approvals } from './place.js';

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
  /** Who asks; a yes is nobody else's. */
  readonly keyId: string | null;
  readonly app: string | null;
  readonly worstCostNanoUsd: number | null;
  /** Of the request that this try belongs to. */
  readonly approvals: Approvals;
}

export interface ConsentGate {
  /**
   * The approved request. A yes that holds once is used by one request; its own further tries of the same bytes go under
   * it too. Throws GatewayError `consent-required` with the question, or `consent-invalid`.
   */
  pass(ask: ConsentAsk): Promise<{ readonly approved: ApprovedRequest; readonly consentId: string }>;
}

const faults: Readonly<Record<ConsentRefusal, string>> = {
  unknown: 'it is not one of this server',
  'other-caller': 'it was given to another key or app',
  refused: 'the answer was no',
  expired: 'its time is over',
  used: 'it was used already',
  'other-content': 'it was given for other content',
  'other-provider': 'it was given for another provider',
};

export const createConsentGate = (options: {
  readonly ledger: Pick<Ledger, 'askConsent' | 'redeemConsent'>;
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
      app: ask.app,
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
      const { outgoing, token, keyId, app, approvals } = ask;
      const { provider } = outgoing;
      const approvalKey = `${provider} ${outgoing.contentHash}`;
      const before = approvals.get(approvalKey);
      if (before !== undefined) return before;
      const contentHash = policy.scope === 'conversation' ? ask.conversationHash : outgoing.contentHash;
      if (token === null) throw await question(ask, contentHash);
      const nowMs = options.now();
      const redemption = await ledger.redeemConsent({ token, provider, contentHash, keyId, app, nowMs });
      if (redemption.outcome !== 'ok') {
        const { outcome } = redemption;
        // Other bytes than those that were seen, or another place for them, are a new question and no fault of the caller's.
        if (outcome === 'other-content' || outcome === 'other-provider') throw await question(ask, contentHash);
        throw new GatewayError('consent-invalid', `Cannot use the consent token: ${faults[outcome]}`);
      }
      const { consent } = redemption;
      const grant = {
        consentId: consent.id,
        provider: consent.provider,
        // What a yes to a conversation was given for stands in the ledger; here it is a yes to these bytes of it.
        contentHash: consent.scope === 'conversation' ? outgoing.contentHash : consent.contentHash,
        expiresMs: consent.expiresMs,
      };
      const approval = approve(outgoing, { grant, nowMs });
      if (approval.type === 'refused')
        throw new GatewayError('consent-invalid', `Cannot use the consent token: ${faults[approval.reason]}`);
      const passed = { approved: approval.request, consentId: consent.id };
      approvals.set(approvalKey, passed);
      return passed;
    },
  };
};
