/** Bodies of receipts for tests: whole ones, with what a test cares about put in. */
import type { ReceiptBody } from './receipt.js';

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
