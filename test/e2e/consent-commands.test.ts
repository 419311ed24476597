/**
 * `run` and `route explain` over a configuration: what would go to a third party is shown and asked about, and
 * nothing goes there without a yes. The provider is a server on loopback; the terminal is a real one (util-linux' script).
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Loopback, startLoopback } from '../../src/tiers/remote/fixtures/loopback.test-kit.js';
import { chunk, sse, usageChunk } from '../../src/tiers/remote/fixtures/openai.test-kit.js';
import { projectRoot, startSpillway } from './spillway-process.js';

const essay = 'Write an essay for ann@example.com';
const answer = sse([
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Dear [EMAIL_1]' }),
  chunk({}, 'stop'),
  usageChunk,
]);
const hasTerminals = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;

let folder = '';
let provider: Loopback;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-consent-'));
  provider = await startLoopback((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(answer);
  });
  const config = {
    tiers: {
      device: { models: ['pocket'] },
      thirdParty: [
        { name: 'openai', kind: 'openai', apiKey: `\${TEST_KEY}`, url: provider.url, models: ['gpt-4o-mini'] },
      ],
    },
    policy: { reach: 'third-party', maxReach: 'third-party' },
    ledger: { url: `sqlite:${join(folder, 'ledger.db')}` },
  };
  writeFileSync(join(folder, 'spillway.config.yaml'), stringify(config));
});
afterEach(async () => {
  await provider.close();
  rmSync(folder, { recursive: true, force: true });
});

const env = () => ({ SPILLWAY_HOME: join(folder, 'home'), TEST_KEY: 'sk-test' });
const configFlag = (): string[] => ['--config', join(folder, 'spillway.config.yaml')];
const spillway = (...args: string[]) => startSpillway(args, env()).ended;

/** Runs a command in a terminal; types the next of `keys` each time that the question is there. */
const inTerminal = (args: readonly string[], ...keys: string[]): Promise<{ status: number | null; screen: string }> => {
  const quoted = [process.execPath, join(projectRoot, 'bin', 'spillway.js'), ...args]
    .map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
    .join(' ');
  const child = spawn('script', ['-qec', quoted, '/dev/null'], { env: { ...process.env, ...env() } });
  let screen = '';
  let typed = 0;
  child.stdout.on('data', (bytes: Buffer) => {
    screen += bytes.toString('utf8');
    const asked = screen.split('Send it?').length - 1;
    for (; typed < asked; typed++) child.stdin.write(keys[typed] ?? '');
  });
  return new Promise((resolve) => {
    child.on('close', (status) => resolve({ status, screen }));
  });
};

describe('route explain', () => {
  it('shows the exact bytes that would leave, and sends none', async () => {
    const { status, stdout } = await spillway('route', 'explain', ...configFlag(), '--json', essay);
    expect(status).toBe(0);
    const { steps } = JSON.parse(stdout) as { steps: { tier: string; outgoing?: { body: string; url: string } }[] };
    expect(steps.map(({ tier }) => tier)).toEqual(['device', 'third-party']);
    expect(JSON.parse(steps[1]!.outgoing!.body)).toMatchObject({
      model: 'gpt-4o-mini',
      messages: [{ role: 'user', content: 'Write an essay for [EMAIL_1]' }],
    });
    expect(provider.received).toEqual([]);
  });

  it('says that nothing leaves where the reach ends at the device', async () => {
    const { stdout } = await spillway('route', 'explain', ...configFlag(), '--reach', 'device', essay);
    expect(stdout).toContain('Leaves this machine: nothing.');
    expect(stdout).toMatch(/gpt-4o-mini at openai \(third-party\): .*\(beyond-reach\)/);
    expect(stdout).not.toContain('ann@example.com');
  });
});

describe('run in a pipe', () => {
  it('sends nothing without a yes, and exactly what a yes was given to', async () => {
    const refused = await spillway('run', ...configFlag(), essay);
    expect(refused.status).toBe(1);
    const [, hash] = /--consent ([0-9a-f]{64})/.exec(refused.stderr) ?? [];
    expect(hash).toBeDefined();
    const other = await spillway('run', ...configFlag(), '--consent', hash!, `${essay} and bob`);
    expect(other.stderr).toContain('is for other bytes than these');
    expect(provider.received).toEqual([]);
    const said = await spillway('run', ...configFlag(), '--consent', hash!, essay);
    expect([said.status, said.stdout]).toEqual([0, 'Dear ann@example.com\n']);
    expect(provider.received).toHaveLength(1);
    expect(provider.received[0]!.body).not.toContain('ann@example.com');
  });

  it('answers on the device what the device can answer', async () => {
    expect(await spillway('run', ...configFlag(), 'flip a coin')).toMatchObject({
      status: 0,
      stdout: 'flip_coin {}\n',
    });
    expect(provider.received).toEqual([]);
  });

  it('leaves a receipt where the ledger commands of the same configuration find it', async () => {
    await spillway('run', ...configFlag(), 'flip a coin');
    const { stdout } = await spillway('receipts', 'list', ...configFlag(), '--json');
    expect(JSON.parse(stdout)).toMatchObject([{ body: { tier: 'device', model: 'pocket' } }]);
  });
});

describe.skipIf(!hasTerminals)('in a terminal (needs script of util-linux)', () => {
  it('run shows what would go where at what cost, and sends it with a yes', async () => {
    const { status, screen } = await inTerminal(['run', ...configFlag(), essay], 'y\r');
    expect(screen).toContain('gpt-4o-mini at openai is a third party');
    expect(screen).toContain('[EMAIL_1]');
    expect(screen).toMatch(/Costs +at most \$/);
    expect(screen).toContain('Dear ann@example.com');
    expect(status).toBe(0);
    expect(provider.received).toHaveLength(1);
  });

  it.each([
    ['no', 'n\r'],
    ['Enter', '\r'],
    ['Ctrl+C', '\u0003'],
    ['Ctrl+D', '\u0004'],
  ])('%s is a no: nothing is sent', async (_, keys) => {
    const { status, screen } = await inTerminal(['run', ...configFlag(), essay], keys);
    expect(screen).not.toContain('Dear');
    expect(status).not.toBe(0);
    expect(provider.received).toEqual([]);
  });

  it('shows the exact bytes when asked for them, and asks again', async () => {
    const { screen } = await inTerminal(['run', ...configFlag(), '--model', 'gpt-4o-mini', essay], 'b\r', 'y\r');
    // Rows are broken to the terminal's width.
    expect(screen.replaceAll(/\r?\n +\||\s/g, '')).toContain('"content":"Writeanessayfor[EMAIL_1]"');
    expect(screen).toContain('Dear ann@example.com');
  });
});
