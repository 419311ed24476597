/** Receipts for tests: whole ones, with what a test cares about put in. */
import type { ReceiptBody, SignedReceipt } from './receipt.js';
import { type ChainPlace, receiptDigest, signBatch } from './sign-receipt.js';
import type { SigningKey } from './signing-key.js';

export const receiptBody = (id: string, fields: Partial<ReceiptBody> = {}): ReceiptBody => ({
  id: `receipt-${id}`,
  version: 1,
  requestId: id,
  startedMs: 1_770_000_000_000,
  endedMs: 1_770_000_001_500,
  operation: 'chat',
  outcome: 'done',
  keyId: null,
  app: null,
  reach: 'private',
  tier: 'private',
  endpoint: 'rack',
  model: 'qwen3-32b',
  modelDigest: null,
  evidenceDigest: null,
  requestDigest: `sha256:${'a'.repeat(64)}`,
  answerDigest: `sha256:${'b'.repeat(64)}`,
  consentId: null,
  redactions: { email: 2, phone: 1 },
  promptTokens: 100,
  cachedTokens: 20,
  completionTokens: 50,
  costNanoUsd: 0,
  ...fields,
});

/** Receipts at their places, signed together. */
export const signTogether = (
  placed: readonly (ChainPlace & { readonly body: ReceiptBody })[],
  key: SigningKey,
): SignedReceipt[] => {
  const digests = placed.map(receiptDigest);
  const { signature, proofs } = signBatch(digests, key);
  return placed.map(({ body, chain, sequence, previous }, index) => ({
    body,
    chain,
    sequence,
    previous,
    digest: digests[index]!,
    signer: key.id,
    signature,
    proof: proofs[index]!,
  }));
};

/** A receipt at its place, signed alone. */
export const signAlone = (body: ReceiptBody, { key, ...place }: ChainPlace & { readonly key: SigningKey }) =>
  signTogether([{ body, ...place }], key)[0]!;
