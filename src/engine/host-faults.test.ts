/** What would break: a dead host takes requests or the engine with it; a bad file crashes something instead of being told. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyShape, writeRandomModel } from '../tune/random-model.js';
import type { GenerateRequest } from './engine.js';
import { EngineError } from './engine-error.js';
import { createHostEngine, type HostEngineOptions } from './host-engine.js';
import { answer, codeOf, until } from './host-engine.test-kit.js';
import { restartDelayMs } from './host-supervisor.js';

let folder: string;
let modelPath: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-faults-'));
  modelPath = join(folder, 'tiny.gguf');
  writeRandomModel(modelPath, tinyShape, { type: 'Q8_0', seed: 5 });
});
afterAll(() => rmSync(folder, { recursive: true }));

const open = (changes: Partial<HostEngineOptions> = {}) =>
  createHostEngine({ name: 'tiny', modelPath, parallel: 2, contextLength: 2048, threads: 1, ...changes });
const endless: GenerateRequest = { prompt: 'x', ignoreEos: true, maxTokens: 2000, sampling: { seed: 1 } };

describe('a host that dies', () => {
  test('fails the requests in flight within a second; the next ones work', async () => {
    const engine = await open();
    let killedMs = 0;
    const first = engine.hostPid!;
    const codes = [1, 2, 3].map(async () => {
      const code = codeOf(
        (async () => {
          for await (const event of engine.generate(endless))
            if (event.type === 'text' && killedMs === 0) {
              killedMs = performance.now();
              process.kill(first, 'SIGKILL');
            }
        })(),
      );
      return [await code, performance.now() - killedMs] as const;
    });
    for (const [code, afterMs] of await Promise.all(codes)) {
      expect(code).toBe('host-crashed');
      expect(afterMs).toBeLessThan(1000);
    }
    const before = engine.stats();
    expect(before.sequencesRunning).toBe(0);
    const next = await answer(engine, { prompt: 'x', maxTokens: 3, ignoreEos: true });
    expect(next.tokens).toHaveLength(3);
    expect(engine.hostPid).not.toBe(first);
    expect(engine.stats().hostRestarts).toBe(1);
    expect(engine.stats().completionTokens).toBeGreaterThanOrEqual(before.completionTokens + 3);
    await engine.close();
  });

  test('and cannot load the model again fails requests, until the model is back', async () => {
    const path = join(folder, 'vanishing.gguf');
    copyFileSync(modelPath, path);
    const engine = await open({ modelPath: path });
    rmSync(path);
    process.kill(engine.hostPid!, 'SIGKILL');
    await until(() => engine.stats().hostRestarts > 0);
    expect(await codeOf(answer(engine, endless))).toBe('host-crashed');
    copyFileSync(modelPath, path);
    expect((await answer(engine, { prompt: 'x', maxTokens: 1, ignoreEos: true })).tokens).toHaveLength(1);
    await engine.close();
  });

  test('again and again is started later each time', () => {
    expect([1, 2, 3, 4, 20].map(restartDelayMs)).toEqual([0, 500, 1000, 2000, 30_000]);
  });
});

describe('closing', () => {
  test('drains: the running end, new ones are refused, signals do not reach the host', async () => {
    const engine = await open();
    const running = answer(engine, { ...endless, maxTokens: 200 });
    await until(() => engine.stats().sequencesRunning === 1);
    process.kill(engine.hostPid!, 'SIGTERM');
    process.kill(engine.hostPid!, 'SIGINT');
    const closing = engine.close({ drainMs: 20_000 });
    expect(await codeOf(answer(engine, endless))).toBe('shutting-down');
    expect((await running).end.usage.completionTokens).toBe(200);
    await closing;
    expect(engine.hostPid).toBeUndefined();
  });

  test('fails what is not done in time', async () => {
    const engine = await open();
    const codes = [1, 2, 3].map(() => codeOf(answer(engine, endless)));
    await until(() => engine.stats().sequencesRunning > 0);
    await engine.close({ drainMs: 1 });
    expect(await Promise.all(codes)).toEqual(['shutting-down', 'shutting-down', 'shutting-down']);
  });
});

describe('a file that is no good', () => {
  const failure = async (path: string): Promise<EngineError> => {
    const error: unknown = await open({ modelPath: path }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineError);
    return error as EngineError;
  };
  const changed = (name: string, change: (bytes: Buffer) => Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, change(Buffer.from(readFileSync(modelPath))));
    return path;
  };

  test('is told without starting anything where it is not even GGUF', async () => {
    const folderPath = join(folder, 'folder.gguf');
    mkdirSync(folderPath);
    const text = changed('text.gguf', () => Buffer.from('hello'));
    const empty = changed('empty.gguf', () => Buffer.alloc(0));
    for (const [path, why] of [
      [join(folder, 'absent.gguf'), 'no such file'],
      [folderPath, 'not a file'],
      [text, 'no GGUF file'],
      [empty, 'no GGUF file'],
    ] as const) {
      const error = await failure(path);
      expect(error.code).toBe('model-load-failed');
      expect(error.message).toContain(path);
      expect(error.message).toContain(why);
    }
  });

  test('is told by what llama.cpp says of it', async () => {
    const truncated = join(folder, 'truncated.gguf');
    copyFileSync(modelPath, truncated);
    truncateSync(truncated, 60_000);
    const headOnly = changed('head.gguf', (bytes) => bytes.subarray(0, 40));
    const architecture = changed('architecture.gguf', (bytes) => {
      const at = bytes.indexOf('llama', 0, 'latin1');
      bytes.write('lxxma', at, 'latin1');
      return bytes;
    });
    const absurd = changed('absurd.gguf', (bytes) => {
      bytes.writeBigUInt64LE(2n ** 62n, 8);
      return bytes;
    });
    for (const [path, why] of [
      [truncated, /truncated/],
      [headOnly, /damaged|refuses|Cannot load/],
      [architecture, /architecture "lxxma"/],
      [absurd, /damaged|Cannot load/],
    ] as const) {
      const error = await failure(path);
      expect([path, error.code]).toEqual([path, 'model-load-failed']);
      expect(error.message).toMatch(why);
      expect(error.message).toContain(path);
    }
  });

  test('or too large for memory is told as such', async () => {
    const error: unknown = await open({ contextLength: 2048, parallel: 256, kvLayout: 'separate', threads: 1 }).then(
      (engine) => engine.close().then(() => 'opened'),
      (reason: unknown) => (reason as EngineError).code,
    );
    expect(['opened', 'out-of-memory']).toContain(error);
  });
});
