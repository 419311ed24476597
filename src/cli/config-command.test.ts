/** What would break: a script that takes a broken configuration for a good one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { configJsonSchema } from '../config/config-schema.js';
import { addConfigCommand, checkConfig, formatConfigReport } from './config-command.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-config-command-'));
});
afterEach(() => {
  process.exitCode = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const write = (text: string): string => {
  const path = join(folder, 'spillway.config.yaml');
  writeFileSync(path, text);
  return path;
};

/** What the command prints, and the code that it would end with. */
const run = async (...words: string[]): Promise<{ text: string; code: number }> => {
  const written: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0);
  try {
    const program = new Command();
    addConfigCommand(program);
    await program.parseAsync(['config', ...words], { from: 'user' });
  } finally {
    spy.mockRestore();
  }
  const code = Number(process.exitCode ?? 0);
  process.exitCode = undefined;
  return { text: written.join(''), code };
};

describe('spillway config check', () => {
  it('says OK with a summary', async () => {
    const path = write(
      'tiers: { private: [{ name: rack, url: "http://rack/v1", models: [m, n] }] }\npolicy: { reach: private }\n',
    );
    const { text, code } = await run('check', path);
    expect(code).toBe(0);
    expect(text).toBe(`OK: ${path}
  device       pocket
  private      rack (m, n)
  third-party  none
  aliases      none
  reach        private for requests that say nothing, third-party at the furthest
  budgets      0, rate limits 0
`);
  });

  it('says every fault with its place, and fails', async () => {
    const path = write('policy:\n  retires: 3\n  reach: all\n');
    const { text, code } = await run('check', path);
    expect(code).toBe(1);
    expect(text).toBe(`error: ${path}:2: policy.retires: unknown; did you mean retries?
error: ${path}:3: policy.reach: expected one of device, private, third-party, got "all"
Not usable: 2 faults.
`);
  });

  it('prints the same as JSON, and takes a file that is not there for a fault', async () => {
    const good = await run('check', write('{}'), '--json');
    expect(good.code).toBe(0);
    expect(JSON.parse(good.text)).toMatchObject({ ok: true, faults: [], summary: { reach: 'device' } });
    const bad = await run('check', join(folder, 'nope.yaml'), '--json');
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.text)).toMatchObject({ ok: false, path: null, summary: null, faults: [{ line: null }] });
  });

  it('prints no credential, also where the configuration is good', async () => {
    const path = write(`tiers: { thirdParty: [{ name: o, kind: openai, apiKey: "\${KEY}", models: [gpt-5] }] }\n`);
    const report = await checkConfig(path, { env: { KEY: 'hunter2' } });
    expect(report.ok).toBe(true);
    expect(JSON.stringify(report) + formatConfigReport(report)).not.toContain('hunter2');
  });

  it('tells that the defaults hold where there is no file', async () => {
    expect(formatConfigReport(await checkConfig(undefined, { folder }))).toMatch(
      /^OK: no configuration file here, so the defaults hold\.\n {2}device {7}pocket\n/,
    );
  });
});

it('spillway config schema prints the JSON Schema', async () => {
  expect(await run('schema')).toEqual({ text: configJsonSchema(), code: 0 });
});
