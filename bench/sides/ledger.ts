/**
 * A server's use of the ledger and nothing else: each request is reserved against two budgets and a rate limit, then
 * settled with its signed receipt; the next one begins when that is durable.
 */
import { randomUUID } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Ledger, Settlement } from '../../src/ledger/ledger.js';
import { openLedger } from '../../src/ledger/open-ledger.js';
import type { LedgerProtocol } from '../ledger-side.js';
import { serveSide } from '../side-main.js';

const ample = { perMonthNanoUsd: 9e15, perMonthTokens: 9e15 };
const worst = { nanoUsd: 2_000_000, tokens: 2_000 };
const spent = { nanoUsd: 750_000, tokens: 620 };

const settlementOf = (id: string, keyId: string): Settlement => ({
  reservationId: id,
  ...spent,
  receipt: {
    id: `receipt_${id}`,
    version: 1,
    requestId: id,
    startedMs: Date.now() - 900,
    endedMs: Date.now(),
    operation: 'chat',
    outcome: 'done',
    keyId,
    app: 'bench',
    reach: 'private',
    tier: 'private',
    endpoint: 'rack',
    model: 'qwen3-32b',
    modelDigest: `sha256:${'0'.repeat(64)}`,
    evidenceDigest: null,
    requestDigest: `sha256:${'1'.repeat(64)}`,
    answerDigest: `sha256:${'2'.repeat(64)}`,
    consentId: null,
    redactions: { email: 1 },
    promptTokens: 500,
    cachedTokens: 0,
    completionTokens: 120,
    costNanoUsd: spent.nanoUsd,
  },
});

const prepare = async (ledger: Ledger): Promise<string> => {
  const { record } = await ledger.createKey({ name: 'bench', requestsPerMinute: 1e9, tokensPerMinute: 1e12 });
  await ledger.setBudget({ keyId: record.id, app: null, ...ample });
  await ledger.setBudget({ keyId: null, app: null, ...ample });
  return record.id;
};

serveSide<LedgerProtocol>({
  settle: async ({ url, requests, inFlight }) => {
    const ledger = await openLedger({ url });
    try {
      const keyId = await prepare(ledger);
      let left = requests;
      const worker = async (): Promise<void> => {
        for (; left > 0; ) {
          left--;
          const id = randomUUID();
          const expiresMs = Date.now() + 120_000;
          const { type } = await ledger.reserve({ id, keyId, app: 'bench', ...worst, expiresMs });
          if (type !== 'reserved') throw new Error(`The ledger answered ${type}`);
          await ledger.settle(settlementOf(id, keyId));
        }
      };
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      const started = performance.now();
      await Promise.all(Array.from({ length: inFlight }, worker));
      const seconds = (performance.now() - started) / 1000;
      delay.disable();
      return { seconds, longestBlockMs: delay.max / 1e6 };
    } finally {
      await ledger.close();
    }
  },
});
