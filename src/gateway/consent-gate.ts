/**
 * Stands between what would go to a third party and its sending: a token that stands for a person's yes to exactly these
 * bytes gets an approved request. Everything else is the question: to a person where one waits, as the error otherwise.
 *
 * The ledger keeps questions and answers; `approve` (tiers/third-party) makes the one thing that can be sent.
 */
import type { ConsentRefusal, Ledger } from '../ledger/ledger.js';
import { type ApprovedRequest, approve } from '../tiers/third-party/approved-request.js';
import type { OutgoingRequest } from '../tiers/third-party/outgoing-request.js';
import { type ConsentQuestion, GatewayError } from './gateway-error.js';

export interface ConsentPolicy {
  readonly scope: ConsentQuestion['scope'];
  readonly ttlMs: number;
}

/** `none`: nobody answered; then the question is the error. */
export type ConsentAnswer =
  | { readonly type: 'yes'; readonly token: string }
  | { readonly type: 'no' }
  | { readonly type: 'none' };

/** Asks a person while the request waits. The token of a yes is the ledger's. */
export type AskConsent = (question: ConsentQuestion) => Promise<ConsentAnswer>;

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
  /** Null: nobody waits with the request. */
  readonly askConsent: AskConsent | null;
}

export interface ConsentGate {
  /**
   * The approved request. A yes that holds once is used by one request; its own further tries of the same bytes go under
   * it too. Throws GatewayError `consent-required` with the question, `consent-refused` or `consent-invalid`.
   */
  pass(ask: ConsentAsk): Promise<Passed>;
}

export interface Passed {
  readonly approved: ApprovedRequest;
  readonly consentId: string;
}

/** What one request may send by a yes that it used, by provider and hash of the bytes. */
export type Approvals = Map<string, Passed>;

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

  /** Keeps the question in the ledger. */
  const put = async (ask: ConsentAsk, boundHash: string): Promise<ConsentQuestion> => {
    const { outgoing } = ask;
    const { provider, model } = outgoing;
    const id = options.newId();
    const createdMs = options.now();
    const expiresMs = createdMs + policy.ttlMs;
    const { scope } = policy;
    await ledger.askConsent({
      id,
      provider,
      model,
      keyId: ask.keyId,
      app: ask.app,
      contentHash: boundHash,
      scope,
      createdMs,
      expiresMs,
    });
    return {
      id,
      provider,
      model,
      method: outgoing.method,
      url: outgoing.url,
      body: new TextDecoder().decode(outgoing.body),
      contentHash: outgoing.contentHash,
      scope,
      redactions: outgoing.redactions,
      worstCostNanoUsd: ask.worstCostNanoUsd,
      expiresMs,
    };
  };

  const redeem = async (
    { outgoing, keyId, app }: ConsentAsk,
    { token, boundHash }: { readonly token: string; readonly boundHash: string },
  ): Promise<Passed | ConsentRefusal> => {
    const { provider } = outgoing;
    const nowMs = options.now();
    const redemption = await ledger.redeemConsent({ token, provider, contentHash: boundHash, keyId, app, nowMs });
    if (redemption.outcome !== 'ok') return redemption.outcome;
    const { consent } = redemption;
    const grant = {
      consentId: consent.id,
      provider: consent.provider,
      // What a yes to a conversation was given for stands in the ledger; here it is a yes to these bytes of it.
      contentHash: consent.scope === 'conversation' ? outgoing.contentHash : consent.contentHash,
      expiresMs: consent.expiresMs,
    };
    const approval = approve(outgoing, { grant, nowMs });
    return approval.type === 'refused' ? approval.reason : { approved: approval.request, consentId: consent.id };
  };

  const invalid = (fault: ConsentRefusal): GatewayError =>
    new GatewayError('consent-invalid', `Cannot use the consent token: ${faults[fault]}`);

  return {
    async pass(ask) {
      const { outgoing, token, askConsent, approvals } = ask;
      const { provider, model } = outgoing;
      const approvalKey = `${provider} ${outgoing.contentHash}`;
      const before = approvals.get(approvalKey);
      if (before !== undefined) return before;
      const boundHash = policy.scope === 'conversation' ? ask.conversationHash : outgoing.contentHash;
      const keep = (passed: Passed): Passed => {
        approvals.set(approvalKey, passed);
        return passed;
      };
      if (token !== null) {
        const redeemed = await redeem(ask, { token, boundHash });
        if (typeof redeemed === 'object') return keep(redeemed);
        // Other bytes than those that were seen, or another place for them, are a new question and no fault of the
        // caller's; so is any other fault of the token where somebody can be asked again.
        if (redeemed !== 'other-content' && redeemed !== 'other-provider' && askConsent === null)
          throw invalid(redeemed);
      }
      const question = await put(ask, boundHash);
      const answer: ConsentAnswer = askConsent === null ? { type: 'none' } : await askConsent(question);
      switch (answer.type) {
        case 'yes': {
          const redeemed = await redeem(ask, { token: answer.token, boundHash });
          if (typeof redeemed === 'object') return keep(redeemed);
          throw invalid(redeemed);
        }
        case 'no':
          throw new GatewayError('consent-refused', `The answer was no: nothing went to ${provider} (${model})`);
        case 'none':
          throw new GatewayError(
            'consent-required',
            `Model ${model} is a third party's (${provider}): the request goes there only with a yes to consent ${question.id}`,
            { consent: question },
          );
        default:
          return answer satisfies never;
      }
    },
  };
};
