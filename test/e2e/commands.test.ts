/** The commands as a stranger runs them: what they print, what programs read, how they fail. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyShape, writeRandomModel } from '../../src/tune/random-model.js';
import { runSpillway } from './spillway-process.js';

let folder = '';
let tiny = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-commands-'));
  tiny = join(folder, 'tiny.gguf');
  writeRandomModel(tiny, tinyShape, { type: 'Q8_0', seed: 1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const home = (): Record<string, string> => ({ SPILLWAY_HOME: folder });

describe('spillway run', () => {
  it('answers with the embedded model', () => {
    const { status, stdout } = runSpillway(['run', '--threads', '1', 'flip a coin'], home());
    expect(status).toBe(0);
    expect(stdout.trim()).toBe('flip_coin {}');
  });

  it('says so on standard error when it hands over', () => {
    const { status, stdout, stderr } = runSpillway(
      ['run', '--threads', '1', 'explain quantum entanglement to me'],
      home(),
    );
    expect(status).toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/not for this device: handed over, \d+% sure/);
  });

  it('prints the whole answer as JSON', () => {
    const { stdout } = runSpillway(
      ['run', '--threads', '1', '--model', tiny, '--max-tokens', '4', '--json', 'the'],
      home(),
    );
    expect(JSON.parse(stdout)).toMatchObject({ finishReason: 'length', usage: { completionTokens: 4 } });
  });

  it('names the flag that is wrong', () => {
    expect(runSpillway(['run', '--threads', 'many', 'hi']).stderr).toMatch(/--threads.*whole number from 1 to 1024/);
  });
});

describe('spillway models', () => {
  it('lists the embedded model and what is in the models folder', () => {
    const [pocket] = JSON.parse(runSpillway(['models', '--json'], home()).stdout) as {
      name: string;
      fits: boolean;
      problem: null;
    }[];
    expect(pocket).toMatchObject({ name: 'pocket', fits: true, problem: null });
    expect(runSpillway(['models'], home()).stdout).toMatch(/^NAME +ORIGIN/);
  });
});

describe('spillway doctor', () => {
  it('reports the machine to programs', () => {
    const { status, stdout } = runSpillway(['doctor', '--no-speed', '--json'], home());
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as { ok: boolean; machine: { devices: { name: string }[] } };
    expect(report.ok).toBe(true);
    expect(report.machine.devices.map(({ name }) => name)).toContain('CPU');
  });
});

describe('spillway bench', () => {
  it('measures a model by path', () => {
    const { stdout } = runSpillway(
      ['bench', '--model', tiny, '--threads', '1', '--parallel', '2', '--tokens', '8', '--json'],
      home(),
    );
    const report = JSON.parse(stdout) as { decode: { sequences: number; tokensPerSecond: number }[] };
    expect(report.decode.map(({ sequences }) => sequences)).toStrictEqual([1, 2]);
    for (const { tokensPerSecond } of report.decode) expect(tokensPerSecond).toBeGreaterThan(0);
  });
});
