/** The commands as a stranger runs them: what they print, what programs read, how they fail. */
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeHub } from '../../src/models/fake-hub.test-support.js';
import { tinyShape, writeRandomModel } from '../../src/tune/random-model.js';
import { runSpillway, startSpillway } from './spillway-process.js';

let folder = '';
let tiny = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-commands-'));
  tiny = join(folder, 'tiny.gguf');
  writeRandomModel(tiny, tinyShape, { type: 'Q8_0', seed: 1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const home = (): Record<string, string> => ({ SPILLWAY_HOME: folder });

describe('every command', () => {
  const names = ['serve', 'run', 'chat', 'models', 'pull', 'bench', 'doctor'];

  it('explains itself, and refuses a flag that it does not have with where to look', () => {
    const overview = runSpillway(['--help']);
    expect(overview.status).toBe(0);
    for (const name of names) {
      expect(overview.stdout).toContain(`  ${name} `);
      const help = runSpillway([name, '--help']);
      expect([name, help.status, help.stderr]).toEqual([name, 0, '']);
      expect(help.stdout).toContain(`Usage: spillway ${name} `);
      const wrong = runSpillway([name, '--no-such-flag']);
      expect([name, wrong.status, wrong.stdout]).toEqual([name, 1, '']);
      expect(wrong.stderr).toMatch(/^spillway: unknown option '--no-such-flag'/);
      expect(wrong.stderr).toContain(`spillway ${name} --help`);
    }
    expect(runSpillway(['no-such-command']).stderr).toMatch(/^spillway: unknown command 'no-such-command'/);
  });

  it('ends in peace when the reader of its output goes away', async () => {
    const command = startSpillway(['models'], home());
    command.process.stdout.destroy();
    expect(await command.ended).toMatchObject({ status: 0, stderr: '' });
  });

  it.skipIf(platform() !== 'linux')('says that the disk is full', async () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = runSpillway(['models'], home(), ['ignore', full, 'pipe']);
    expect([status, stderr]).toEqual([
      1,
      'spillway: Cannot write to standard output: no space is left on the device\n',
    ]);
  });
});

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
    for (const heat of ['hot', '', '-1', '2.5', 'NaN', 'Infinity']) {
      const { status, stderr } = runSpillway(['run', '--temperature', heat, 'hi']);
      expect([heat, status]).toEqual([heat, 1]);
      expect(stderr).toMatch(/--temperature.*a number from 0 to 2/);
    }
    expect(runSpillway(['run', '  ']).stderr).toMatch(/^spillway: the prompt is empty/);
  });

  it('computes with no more threads than there are processors, and says so', () => {
    const { status, stdout, stderr } = runSpillway(['run', '--threads', '1000', 'flip a coin'], home());
    expect([status, stdout]).toEqual([0, 'flip_coin {}\n']);
    expect(stderr).toContain(`--threads 1000 is more than this machine has; using ${availableParallelism()}`);
  });

  it('reads the prompt from standard input', async () => {
    const command = startSpillway(['run', '--threads', '1', '-'], home());
    command.process.stdin.end('flip a coin\n');
    expect(await command.ended).toMatchObject({ status: 0, stdout: 'flip_coin {}\n' });
  });

  it.skipIf(platform() === 'win32')('stops at Ctrl+C without a complaint, as a shell expects it', async () => {
    const command = startSpillway(
      ['run', '--threads', '1', '--model', tiny, '--max-tokens', '2000', '--temperature', '0', 'the than'],
      home(),
    );
    await command.firstOutput;
    command.process.kill('SIGINT');
    const { status, stdout, stderr } = await command.ended;
    expect([status, stderr]).toEqual([130, '']);
    expect(stdout).toMatch(/\n$/);
  });
});

describe('spillway chat', () => {
  it('answers the lines of a pipe and prints nothing else', async () => {
    const command = startSpillway(['chat', '--threads', '1'], home());
    command.process.stdin.end('flip a coin\n/new\n\nset a timer for 5 minutes\n/exit\nroll a die\n');
    expect(await command.ended).toEqual({
      status: 0,
      stdout: 'flip_coin {}\nset_timer {"duration":"5 minutes"}\n',
      stderr: '',
    });
  });
});

describe('spillway pull', () => {
  it('downloads a model that run then finds by name, and says to programs where it is', async () => {
    const hub = await startFakeHub();
    hub.repositories.set('acme/tiny-GGUF', [{ path: 'tiny-Q8_0.gguf', content: readFileSync(tiny) }]);
    const at = { HF_ENDPOINT: hub.url, SPILLWAY_HOME: join(folder, 'pulled') };
    const first = await startSpillway(['pull', 'acme/tiny-GGUF'], at).ended;
    expect(first).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^tiny-q8_0 is here .*spillway run --model/),
    });
    expect(first.stderr).toMatch(/acme\/tiny-GGUF 100%/);
    const second = await startSpillway(['pull', 'acme/tiny-GGUF:Q8_0', '--json'], at).ended;
    expect(JSON.parse(second.stdout)).toMatchObject({ name: 'tiny-q8_0', bytes: readFileSync(tiny).length });
    expect(hub.downloads).toHaveLength(1);
    const missing = await startSpillway(['pull', 'acme/nothing'], at).ended;
    expect(missing).toMatchObject({ status: 1, stderr: expect.stringMatching(/^spillway: Cannot list acme\/nothing/) });
    await hub.close();
    const answer = runSpillway(
      ['run', '--threads', '1', '--model', 'tiny-q8_0', '--max-tokens', '2', '--json', 'the'],
      at,
    );
    expect(JSON.parse(answer.stdout)).toMatchObject({ usage: { completionTokens: expect.any(Number) } });
  });

  it.skipIf(platform() === 'win32')(
    'stopped by Ctrl+C says that it can go on, with the status of an interrupt',
    async () => {
      const hub = await startFakeHub();
      const content = readFileSync(tiny);
      hub.repositories.set('acme/slow', [{ path: 'slow.gguf', content }]);
      hub.faults.push((_, response) => {
        response.writeHead(200, { 'content-length': content.length });
        response.write(content.subarray(0, 200_000));
        return true;
      });
      const at = { HF_ENDPOINT: hub.url, SPILLWAY_HOME: join(folder, 'stopped') };
      const command = startSpillway(['pull', 'acme/slow'], at);
      command.process.stderr.once('data', () => command.process.kill('SIGINT'));
      expect(await command.ended).toMatchObject({
        status: 130,
        stderr: expect.stringMatching(/run the command again/),
      });
      await hub.close();
    },
  );
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

  it('says under the table what is wrong with a file', () => {
    const broken = join(folder, 'broken');
    mkdirSync(join(broken, 'models'), { recursive: true });
    writeFileSync(join(broken, 'models', 'page.gguf'), '<html>');
    const { stdout } = runSpillway(['models'], { SPILLWAY_HOME: broken });
    expect(stdout).toMatch(/^page +pulled +- +- +6 B +- +- +broken$/m);
    expect(stdout).toMatch(/^page: Cannot read .*not a GGUF file/m);
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
