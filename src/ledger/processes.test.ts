/** Several server processes on one database: balances stay exact, and nothing is spent that a budget does not have. */
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../trust/verify-chain.js';
import { onBothDatabases } from './databases.test-support.js';
import type { BudgetState, Ledger } from './ledger.js';
import { type ChildTask, runBursts, startChild } from './server-child.test-support.js';

const everything = { keyId: null, app: null, perMonthTokens: null };

onBothDatabases((database) => {
  const tasks = (type: ChildTask['type'], fields: Pick<ChildTask, 'requests' | 'nanoUsd' | 'exact'>): ChildTask[] =>
    ['a', 'b', 'c', 'd'].map((name) => ({
      type,
      name,
      url: database.url(),
      signingKeyPath: database.signingKeyPath(),
      ...fields,
    }));

  /** The budget's sums are those of the receipts, and the chain of all of them is whole. */
  const checkBooks = async (ledger: Ledger, budget: BudgetState): Promise<number> => {
    const receipts = await ledger.receipts({ limit: 100_000 });
    const keys = (await ledger.signers()).map(({ publicKeyPem }) => publicKeyPem);
    expect(verifyChain(receipts, keys).faults).toEqual([]);
    expect(budget.spentNanoUsd).toBe(receipts.reduce((sum, { body }) => sum + body.costNanoUsd, 0));
    expect(budget.spentTokens).toBe(receipts.length * 10);
    return receipts.length;
  };

  describe('four processes', () => {
    it('admit exactly as many of 1,000 requests at once as the budget has room for', async () => {
      const ledger = await database.open();
      await ledger.setBudget({ ...everything, perMonthNanoUsd: 60_050 });
      const accounts = await runBursts(tasks('burst', { requests: 250, nanoUsd: 100, exact: true }));
      const total = (name: 'reserved' | 'refused') => accounts.reduce((sum, account) => sum + account[name], 0);
      expect([total('reserved'), total('refused')]).toEqual([600, 400]);
      const [budget] = await ledger.budgets();
      expect(budget).toMatchObject({ spentNanoUsd: 60_000, reservedNanoUsd: 0, spentTokens: 6000, reservedTokens: 0 });
      expect(await checkBooks(ledger, budget!)).toBe(600);
    });

    it('leave an exact balance when requests cost less than their worst case or are given back', async () => {
      const ledger = await database.open();
      const limit = 150_000;
      await ledger.setBudget({ ...everything, perMonthNanoUsd: limit });
      const accounts = await runBursts(tasks('burst', { requests: 250, nanoUsd: 500, exact: false }));
      const [budget] = await ledger.budgets();
      const settled = accounts.reduce((sum, { settledNanoUsd }) => sum + settledNanoUsd, 0);
      expect(budget).toMatchObject({ spentNanoUsd: settled, reservedNanoUsd: 0, reservedTokens: 0 });
      expect(settled).toBeLessThanOrEqual(limit);
      await checkBooks(ledger, budget!);
    });

    it('that are killed while they settle leave the books right, and nothing reserved once it was reaped', async () => {
      const ledger = await database.open();
      await ledger.setBudget({ ...everything, perMonthNanoUsd: Number.MAX_SAFE_INTEGER });
      const children = tasks('stream', { requests: 8, nanoUsd: 100, exact: true }).map(startChild);
      await Promise.all(children.map(({ ready }) => ready));
      for (const child of children) child.go();
      while (children.some(({ lines }) => lines.length < 20)) await wait(5);
      for (const child of children) {
        child.process.kill('SIGKILL');
        await wait(3);
      }
      await Promise.all(children.map(({ ended }) => ended));
      await ledger.reap(Date.now() + 3_600_000);
      const [budget] = await ledger.budgets();
      expect(budget).toMatchObject({ reservedNanoUsd: 0, reservedTokens: 0 });
      const count = await checkBooks(ledger, budget!);
      const said = children.flatMap(({ lines }) => lines);
      for (const id of said) expect(await ledger.receipt(`receipt-${id}`)).not.toBeNull();
      expect(count).toBeGreaterThanOrEqual(said.length);
    });
  });
});
