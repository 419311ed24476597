/** The ledger's commands as a stranger runs them: what they print, what programs read, how they fail. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BudgetState, KeyRecord } from '../../src/ledger/ledger.js';
import { openLedger } from '../../src/ledger/open-ledger.js';
import type { SignedReceipt } from '../../src/trust/receipt.js';
import { receiptBody } from '../../src/trust/receipt.test-support.js';
import { runSpillway } from './spillway-process.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-ledger-commands-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]) => runSpillway(args, { SPILLWAY_HOME: folder });
const runJson = <T>(...args: string[]): T => {
  const { stdout, stderr, status } = run(...args, '--json');
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as T;
};
const openHere = () => openLedger({ url: join(folder, 'ledger.db'), signingKeyPath: join(folder, 'receipt-key.pem') });

describe('spillway keys and budget', () => {
  it('make a key that the server knows, and show its secret once', async () => {
    const made = runJson<KeyRecord & { secret: string }>(
      'keys',
      'create',
      'website',
      '--app',
      'web',
      '--reach',
      'private',
    );
    const ledger = await openHere();
    expect(await ledger.identify(made.secret)).toMatchObject({ id: made.id, name: 'website', reach: 'private' });
    await ledger.close();
    const { stdout } = run('keys', 'list');
    expect(stdout).toMatch(/^ID +NAME +APP/);
    expect(stdout).toContain(made.id);
    expect(stdout).not.toContain(made.secret);
    expect(run('keys', 'create', 'other').stdout).toMatch(/^Key key_[0-9a-f]{16} .*\nsk-spillway-.{43}\n$/s);
  });

  it('set, list and remove a budget of a key by its name', () => {
    const [key] = runJson<KeyRecord[]>('keys', 'list');
    expect(run('budget', 'set', '--key', key!.name, '--usd', '12.5').stdout).toMatch(
      /^Budget budget_\w+: 12\.50 USD per month for key website\.\n$/,
    );
    run('budget', 'set', '--tokens', '1000');
    const budgets = runJson<BudgetState[]>('budget', 'list');
    expect(budgets).toMatchObject([
      { keyId: null, app: null, perMonthTokens: 1000, spentTokens: 0 },
      { keyId: key!.id, perMonthNanoUsd: 12_500_000_000, perMonthTokens: null },
    ]);
    expect(run('budget', 'list').stdout).toMatch(/budget_\w+ +everything +\d{4}-\d{2}/);
    expect(run('budget', 'remove', budgets[0]!.id).stdout).toBe(`Budget ${budgets[0]!.id} is removed.\n`);
    expect(runJson<BudgetState[]>('budget', 'list')).toHaveLength(1);
  });

  it('revoke a key', () => {
    expect(run('keys', 'revoke', 'other').stdout).toMatch(/is revoked/);
    const { status, stderr } = run('keys', 'revoke', 'other');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^spillway: There is no key "other"/);
  });

  it.each([
    [['budget', 'set'], /needs a limit in USD or in tokens/],
    [['budget', 'set', '--usd', '-5'], /amount in dollars/],
    [['budget', 'set', '--usd', '5', '--app', 'a', '--key', 'b'], /cannot be used with option/],
    [['budget', 'set', '--usd', '5', '--key', 'nobody'], /There is no key "nobody"/],
    [['budget', 'remove', 'budget_x'], /Cannot remove budget budget_x: there is none of that id/],
    [['keys', 'create', 'a', '--reach', 'moon'], /device, private, third-party/],
    [['keys', 'list', '--ledger', 'mysql://x/y'], /must be sqlite:PATH or postgres:/],
    [['keys', 'list', '--ledger', 'postgres://user:word@127.0.0.1:1/db'], /database is away/],
    [['usage', '--by', 'moon'], /there is no "moon"/],
    [['usage', '--from', 'yesterday'], /a month \(2026-03\)/],
    [['receipts', 'show', 'none'], /There is no receipt "none"/],
    [['receipts', 'verify', 'no-such-file.json'], /Cannot read/],
  ])('say what is wrong: %j', (args, message) => {
    const { status, stderr, stdout } = run(...args);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/ {4}at |:word@/);
    expect(stdout).toBe('');
  });
});

describe('spillway usage and receipts', () => {
  const startMs = Date.UTC(2026, 2, 9, 12);
  let keyId = '';
  beforeAll(async () => {
    const ledger = await openHere();
    keyId = (await ledger.listKeys())[0]!.id;
    for (const [index, model] of ['m1', 'm2', 'm2'].entries())
      await ledger.settle({
        reservationId: `r${index}`,
        nanoUsd: 1_500_000_000,
        tokens: 150,
        receipt: receiptBody(`r${index}`, {
          keyId,
          model,
          costNanoUsd: 1_500_000_000,
          startedMs: startMs,
          endedMs: startMs + index * 86_400_000,
        }),
      });
    await ledger.close();
  });

  it('add up what was used, by what is asked for', () => {
    expect(run('usage', '--by', 'key,model', '--from', '2026-03', '--to', '2026-03').stdout).toMatch(
      /^KEY +MODEL +REQUESTS +PROMPT TOKENS +ANSWER TOKENS +USD\n.*\nwebsite +m1 +1 +100 +50 +1\.50\nwebsite +m2 +2 +200 +100 +3\.00\n/,
    );
    const { rows } = runJson<{ rows: { requests: number }[] }>('usage', '--from', '2026-03-10', '--to', '2026-03-10');
    expect(rows).toMatchObject([{ requests: 1, group: { month: '2026-03', model: 'm2' } }]);
    expect(run('usage', '--from', '2020', '--to', '2021-01').status).toBe(1);
    expect(run('usage', '--from', '2020-01', '--to', '2021-01').stdout).toMatch(/^Nothing was used/);
  });

  it('list and show receipts', () => {
    expect(run('receipts', 'list', '--limit', '2').stdout).toMatch(
      /^NUMBER +ID .*\n.*\n1 +receipt-r0 .* 100\+50 +1\.50\n2 +receipt-r1 .*\n\nMore with --after 2\n$/,
    );
    expect(runJson<SignedReceipt[]>('receipts', 'list', '--after', '2')).toHaveLength(1);
    expect(run('receipts', 'show', 'receipt-r1').stdout).toMatch(/model +m2\n/);
    expect(runJson<SignedReceipt>('receipts', 'show', 'receipt-r1').sequence).toBe(2);
  });

  it('verify the ledger, or a file without one', () => {
    const whole = run('receipts', 'verify');
    expect(whole).toMatchObject({ status: 0, stderr: '' });
    expect(whole.stdout).toMatch(/3 receipts checked, all is well\.\n$/);
    const head = /^ {2}(\S+)$/m.exec(whole.stdout)![1]!;
    expect(run('receipts', 'verify', '--head', head).status).toBe(0);
    const file = join(folder, 'receipts.json');
    writeFileSync(file, run('receipts', 'list', '--json').stdout);
    expect(run('receipts', 'verify', file).status).toBe(0);
    expect(run('receipts', 'verify', file, '--head', head.replace(':3:', ':4:')).stdout).toMatch(/missing: 4 to 4/);
    const receipts = JSON.parse(readFileSync(file, 'utf8')) as SignedReceipt[];
    writeFileSync(file, JSON.stringify(receipts.slice(1)));
    expect(run('receipts', 'verify', file).stdout).toMatch(/FAULT missing: 1 to 1/);
    expect(run('receipts', 'verify', file, '--partial').status).toBe(0);
    receipts[1] = { ...receipts[1]!, body: { ...receipts[1]!.body, costNanoUsd: 1 } };
    writeFileSync(file, JSON.stringify(receipts));
    const changed = run('receipts', 'verify', file);
    expect(changed.status).toBe(1);
    expect(changed.stdout).toMatch(/FAULT changed: 2 \(receipt-r1\)\n/);
  });
});
