/** Downloads against a hub on this machine: what arrives whole, what resumes, what is refused. */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cutAfter, type FakeFile, type FakeHub, sendFile, sha256, startFakeHub } from './fake-hub.test-support.js';
import { ModelError, type ModelErrorCode } from './model-error.js';
import { type PullOptions, parseReference, pullModel } from './pull.js';

let hub: FakeHub;
let folder = '';
beforeAll(async () => {
  hub = await startFakeHub();
});
afterAll(() => hub.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-pull-'));
  hub.repositories.clear();
  hub.downloads.length = 0;
  hub.faults.length = 0;
  hub.listingFaults.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (length: number, seed = 1): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 7 + seed) & 255));
const content = bytes(300_000);
const file = (path: string, options: Partial<FakeFile> = {}): FakeFile => ({ path, content, ...options });
const offer = (...files: FakeFile[]): void => {
  hub.repositories.set('org/model-GGUF', files);
};

const pull = (reference = 'org/model-GGUF', options: PullOptions = {}): Promise<string> =>
  pullModel(reference, { endpoint: hub.url, folder, retryDelayMs: 5, ...options });

const expectError = async (promise: Promise<unknown>, code: ModelErrorCode, message: RegExp): Promise<void> => {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ModelError);
  expect((error as ModelError).message).toMatch(message);
  expect((error as ModelError).code).toBe(code);
};

const here = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
const partials = (): string[] => here().filter((name) => name.endsWith('.part'));

describe('pullModel', () => {
  it('brings the file under its name, with a record of where it is from', async () => {
    offer(file('model-Q4_K_M.gguf'));
    const path = await pull();
    expect(path).toBe(join(folder, 'org', 'model-GGUF', 'model-Q4_K_M.gguf'));
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(JSON.parse(readFileSync(`${path}.spillway.json`, 'utf8'))).toStrictEqual({
      repository: 'org/model-GGUF',
      file: 'model-Q4_K_M.gguf',
      revision: 'main',
      sha256: sha256(content),
      bytes: content.length,
    });
    expect(here()).toStrictEqual(['model-Q4_K_M.gguf', 'model-Q4_K_M.gguf.spillway.json']);
  });

  it('fetches a file that is here and whole no second time', async () => {
    offer(file('model-Q4_K_M.gguf'));
    const path = await pull();
    expect(await pull()).toBe(path);
    expect(hub.downloads).toHaveLength(1);
  });

  it('fetches a file anew when the hub has another of the same size', async () => {
    offer(file('model-Q4_K_M.gguf'));
    await pull();
    const other = bytes(content.length, 9);
    offer(file('model-Q4_K_M.gguf', { content: other }));
    expect(readFileSync(await pull()).equals(other)).toBe(true);
  });

  it('tells of progress up to the whole, then of checking', async () => {
    offer(file('model-Q4_K_M.gguf'));
    const seen: string[] = [];
    let last = 0;
    await pull('org/model-GGUF', {
      onProgress({ phase, doneBytes, totalBytes }) {
        expect(totalBytes).toBe(content.length);
        if (seen.at(-1) !== phase) last = 0;
        expect(doneBytes).toBeGreaterThanOrEqual(last);
        last = doneBytes;
        seen.push(phase);
      },
    });
    expect([...new Set(seen)]).toStrictEqual(['download', 'verify']);
    expect(last).toBe(content.length);
  });

  it('keeps files of folders apart, and takes all shards in order', async () => {
    const names = ['Q4_K_M/m-Q4_K_M-00001-of-00002.gguf', 'Q4_K_M/m-Q4_K_M-00002-of-00002.gguf'];
    offer(file(names[1]!, { content: bytes(1000, 2) }), file(names[0]!), file('Q8_0/m-Q8_0.gguf'));
    const path = await pull();
    expect(path).toBe(join(folder, 'org', 'model-GGUF', 'Q4_K_M', 'm-Q4_K_M-00001-of-00002.gguf'));
    expect(hub.downloads.map((download) => download.path)).toStrictEqual(names);
  });

  it('takes names with dots, and odd characters inside a file’s name', async () => {
    hub.repositories.set('a.b/Model-2.5_x', [file('a b#c%20&d-Q4_0.gguf')]);
    expect(readFileSync(await pull('https://huggingface.co/a.b/Model-2.5_x/')).equals(content)).toBe(true);
  });

  it('checks small files by their digest in git', async () => {
    offer(file('tiny-F16.gguf', { inGit: true }));
    expect(readFileSync(await pull()).equals(content)).toBe(true);
    offer(file('other-F16.gguf', { inGit: true }));
    hub.faults.push((request, response) => {
      sendFile(request, response, bytes(content.length, 5));
      return true;
    });
    await expectError(pull(), 'checksum-mismatch', /its digest is [0-9a-f]{40}, the hub says/);
  });
});

describe('pullModel, over a bad line', () => {
  it('goes on where the connection broke', async () => {
    offer(file('model-Q4_0.gguf'));
    hub.faults.push(cutAfter(100_000), cutAfter(50_000));
    expect(readFileSync(await pull()).equals(content)).toBe(true);
    expect(hub.downloads.map(({ range }) => range)).toStrictEqual([undefined, 'bytes=100000-', 'bytes=150000-']);
  });

  it('counts failures anew after each step forward', async () => {
    offer(file('model-Q4_0.gguf'));
    for (let index = 0; index < 12; index++) hub.faults.push(cutAfter(10_000));
    expect(readFileSync(await pull()).equals(content)).toBe(true);
  });

  it('goes on in a later run, and gives up without losing what came', async () => {
    offer(file('model-Q4_0.gguf'));
    hub.faults.push(cutAfter(100_000));
    for (let index = 0; index < 5; index++) hub.faults.push((_, response) => Boolean(response.destroy()));
    await expectError(
      pull(),
      'download-failed',
      /Cannot download model-Q4_0\.gguf: .*What came is kept; run the command/,
    );
    expect(partials()).toHaveLength(1);
    hub.downloads.length = 0;
    hub.faults.length = 0;
    expect(readFileSync(await pull()).equals(content)).toBe(true);
    expect(hub.downloads.map(({ range }) => range)).toStrictEqual(['bytes=100000-']);
  });

  it('starts over when the server ignores the range', async () => {
    offer(file('model-Q4_0.gguf'));
    hub.faults.push(cutAfter(100_000), (_, response) => {
      response.writeHead(200, { 'content-length': content.length }).end(content);
      return true;
    });
    expect(readFileSync(await pull()).equals(content)).toBe(true);
  });

  it('starts over when the server answers with another part, or has no such part', async () => {
    offer(file('model-Q4_0.gguf'));
    hub.faults.push(cutAfter(100_000), (_, response) => {
      response.writeHead(206, { 'content-range': `bytes 5-${content.length - 1}/${content.length}` });
      response.end(content.subarray(5));
      return true;
    });
    expect(readFileSync(await pull()).equals(content)).toBe(true);
    offer(file('other-Q4_0.gguf'));
    hub.faults.push(cutAfter(100_000), (_, response) => Boolean(response.writeHead(416).end()));
    expect(readFileSync(await pull()).equals(content)).toBe(true);
  });

  it('leaves a part of an older version of the file alone', async () => {
    offer(file('model-Q4_0.gguf'));
    const stop = new AbortController();
    hub.faults.push(cutAfter(100_000));
    await expectError(
      pull('org/model-GGUF', { signal: stop.signal, onProgress: () => stop.abort() }),
      'cancelled',
      /Stopped pulling/,
    );
    const newer = bytes(content.length, 3);
    offer(file('model-Q4_0.gguf', { content: newer }));
    expect(readFileSync(await pull()).equals(newer)).toBe(true);
  });

  it('tries again after a busy server, as late as it asks', async () => {
    offer(file('model-Q4_0.gguf'));
    hub.faults.push(
      (_, response) => Boolean(response.writeHead(429, { 'retry-after': '0' }).end()),
      (_, response) => Boolean(response.writeHead(503).end()),
    );
    hub.listingFaults.push((_, response) => Boolean(response.writeHead(502).end()));
    expect(readFileSync(await pull()).equals(content)).toBe(true);
  });

  it('gives up a connection that brings nothing', async () => {
    offer(file('model-Q4_0.gguf'));
    hub.faults.push((_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 1000));
      return true;
    });
    expect(readFileSync(await pull('org/model-GGUF', { stallMs: 300 })).equals(content)).toBe(true);
    expect(hub.downloads.at(-1)?.range).toBe('bytes=1000-');
  });

  it('says what is unreachable', async () => {
    await expectError(
      pull('org/model-GGUF', { endpoint: 'http://127.0.0.1:9' }),
      'download-failed',
      /Cannot list org\/model-GGUF at http:\/\/127\.0\.0\.1:9: /,
    );
    await expectError(
      pull('org/model-GGUF', { endpoint: 'nonsense' }),
      'download-failed',
      /Cannot list org\/model-GGUF/,
    );
  });
});

describe('pullModel, refused by the hub', () => {
  it('says that a repository is not shown, without trying again', async () => {
    await expectError(pull('org/nothing'), 'download-failed', /the hub answered 401 .*needs HF_TOKEN/);
  });

  it('says that a file is gated, without trying again', async () => {
    offer(file('model-Q4_0.gguf'));
    hub.faults.push((_, response) => Boolean(response.writeHead(403).end()));
    await expectError(pull(), 'download-failed', /model-Q4_0\.gguf: the server answered 403 Forbidden; .*HF_TOKEN/);
    expect(hub.downloads).toHaveLength(1);
  });

  it('removes what has another digest', async () => {
    offer(file('model-Q4_0.gguf', { listed: { sha256: 'ab'.repeat(32) } }));
    await expectError(pull(), 'checksum-mismatch', /its digest is [0-9a-f]{64}, the hub says abab.*removed/);
    expect(here()).toStrictEqual([]);
  });

  it('refuses another size than the listed one, shorter or longer', async () => {
    offer(file('model-Q4_0.gguf', { listed: { size: content.length + 1 } }));
    await expectError(pull(), 'download-failed', /the server sent 300000 bytes, the hub lists 300001/);
    offer(file('other-Q4_0.gguf', { listed: { size: 1000 } }));
    hub.faults.push((_, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' });
      response.end(content);
      return true;
    });
    await expectError(pull(), 'download-failed', /sent more than the 1000 bytes/);
    expect(here().filter((name) => name.endsWith('.gguf'))).toStrictEqual([]);
  });

  it('refuses answers that are no listing', async () => {
    for (const body of ['<html>', '{}', 'null']) {
      hub.listingFaults.push((_, response) => Boolean(response.writeHead(200).end(body)));
      await expectError(pull(), 'download-failed', /Cannot list org\/model-GGUF/);
    }
    offer(file('model-Q4_0.gguf', { listed: { size: 'many' } }));
    await expectError(pull(), 'not-found', /has no \.gguf file/);
  });

  it('sends the token to the hub and to no other place', async () => {
    const received: (string | undefined)[] = [];
    const storage = createServer((request, response) => {
      received.push(request.headers.authorization);
      sendFile(request, response, content);
    });
    await new Promise<void>((resolve) => storage.listen(0, '127.0.0.1', resolve));
    offer(file('model-Q4_0.gguf'));
    hub.faults.push(cutAfter(70_000));
    const redirect = (_: unknown, response: Parameters<FakeHub['faults'][number]>[1]): boolean => {
      const { port } = storage.address() as AddressInfo;
      response.writeHead(302, { location: `http://127.0.0.1:${port}/blob?signature=1` }).end();
      return true;
    };
    hub.faults.push(redirect);
    try {
      expect(readFileSync(await pull('org/model-GGUF', { token: 'hf_secret' })).equals(content)).toBe(true);
    } finally {
      storage.close();
      storage.closeAllConnections();
    }
    expect(hub.downloads.map(({ token }) => token)).toStrictEqual(['Bearer hf_secret', 'Bearer hf_secret']);
    expect(received).toStrictEqual([undefined]);
  });

  it('stops at a redirect without end', async () => {
    offer(file('model-Q4_0.gguf'));
    for (let index = 0; index < 200; index++)
      hub.faults.push((request, response) => Boolean(response.writeHead(302, { location: request.url ?? '/' }).end()));
    await expectError(pull(), 'download-failed', /redirect count exceeded/);
  });
});

describe('pullModel, names', () => {
  it.each([
    '',
    'model',
    '../..',
    './x',
    'org/..',
    'org/a/b',
    'org/-model',
    'org/model-',
    'org/mo..del',
    'org/mo--del',
    'org\\x/model',
    'org/mo del',
    'org/model:Q4 0',
    'org/model:',
    `org/${'x'.repeat(97)}`,
    'http://evil.example/org/model',
    'org/mödel',
    'org/model\n',
  ])('refuses %j as a repository', async (reference) => {
    await expectError(pull(reference), 'invalid-name', /expected <org>\/<repo>\[:quant\]/);
    expect(readdirSync(folder)).toStrictEqual([]);
  });

  it('takes the address of a page and a name alike', () => {
    const parsed = { repository: 'Qwen/Qwen2.5-0.5B-Instruct-GGUF', wish: 'q4_k_m' };
    for (const prefix of ['', 'hf.co/', 'https://hf.co/', 'https://huggingface.co/'])
      expect(parseReference(`${prefix}Qwen/Qwen2.5-0.5B-Instruct-GGUF:q4_k_m`)).toStrictEqual(parsed);
    expect(parseReference('a/b')).toStrictEqual({ repository: 'a/b' });
  });

  it.each([
    '../../../escape-Q4_0.gguf',
    '/etc/x-Q4_0.gguf',
    'a//x-Q4_0.gguf',
    'a/./x-Q4_0.gguf',
    'a\\..\\x-Q4_0.gguf',
    'x\u0000-Q4_0.gguf',
    'C:x-Q4_0.gguf',
  ])('refuses %j as a file', async (path) => {
    offer(file(path));
    await expectError(pull(), 'invalid-name', /it has a file named/);
    expect(hub.downloads).toStrictEqual([]);
    expect(existsSync(join(folder, '..', 'escape-Q4_0.gguf'))).toBe(false);
  });
});

describe('pullModel, the disk', () => {
  it('refuses to begin what cannot fit', async () => {
    offer(file('model-Q4_0.gguf', { listed: { size: 2 ** 52 } }));
    await expectError(pull(), 'disk-full', /it needs 4096\.0 TiB, [\d.]+ \w+ are free in/);
    expect(hub.downloads).toStrictEqual([]);
  });

  it.skipIf(process.platform !== 'linux')('says that the disk filled up meanwhile', async () => {
    offer(file('model-Q4_0.gguf'));
    const path = join(folder, 'org', 'model-GGUF', 'model-Q4_0.gguf');
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync('/dev/full', `${path}.${sha256(content).slice(0, 12)}.part`);
    await expectError(pull(), 'disk-full', /Cannot store model-Q4_0\.gguf: it needs 293\.0 KiB and the disk is full/);
  });

  it('says what is in the way', async () => {
    offer(file('model-Q4_0.gguf'));
    writeFileSync(join(folder, 'org'), 'a file where the folder should be');
    await expectError(pull(), 'download-failed', /Cannot store org\/model-GGUF: E(EXIST|NOTDIR)/);
  });
});

describe('pullModel, stopped', () => {
  it('keeps what came and goes on later', async () => {
    offer(file('model-Q4_0.gguf'));
    const stop = new AbortController();
    hub.faults.push((_, response, { content: all }) => {
      response.writeHead(200, { 'content-length': all.length });
      response.write(all.subarray(0, 120_000));
      return true;
    });
    const onProgress: PullOptions['onProgress'] = ({ doneBytes }) => {
      if (doneBytes === 120_000) stop.abort();
    };
    await expectError(
      pull('org/model-GGUF', { signal: stop.signal, onProgress }),
      'cancelled',
      /^Stopped pulling org\/model-GGUF\. What came is kept/,
    );
    expect(here().filter((name) => name.endsWith('.lock'))).toStrictEqual([]);
    expect(readFileSync(await pull()).equals(content)).toBe(true);
    expect(hub.downloads.at(-1)?.range).toBe('bytes=120000-');
  });

  it('stops while it waits to try again, and before it begins', async () => {
    offer(file('model-Q4_0.gguf'));
    hub.faults.push((_, response) => Boolean(response.writeHead(503, { 'retry-after': '50' }).end()));
    const signal = AbortSignal.timeout(200);
    await expectError(pull('org/model-GGUF', { signal }), 'cancelled', /Stopped pulling/);
    await expectError(pull('org/model-GGUF', { signal: AbortSignal.abort() }), 'cancelled', /Stopped pulling/);
  });
});

describe('pullModel, twice at once', () => {
  const slowly: FakeHub['faults'][number] = (_, response, { content: all }) => {
    response.writeHead(200, { 'content-length': all.length });
    response.write(all.subarray(0, 1000));
    setTimeout(() => response.end(all.subarray(1000)), 400);
    return true;
  };

  it('downloads once, and the other waits for it', async () => {
    offer(file('model-Q4_0.gguf'));
    hub.faults.push(slowly);
    const phases = new Set<string>();
    const paths = await Promise.all([
      pull('org/model-GGUF', { onProgress: ({ phase }) => phases.add(phase) }),
      pull('org/model-GGUF', { onProgress: ({ phase }) => phases.add(phase) }),
    ]);
    expect(readFileSync(paths[0]!).equals(content)).toBe(true);
    expect(paths[1]).toBe(paths[0]);
    expect(hub.downloads).toHaveLength(1);
    expect(phases).toContain('wait');
    expect(here()).toStrictEqual(['model-Q4_0.gguf', 'model-Q4_0.gguf.spillway.json']);
  });

  it('takes over from a process that was killed', async () => {
    offer(file('model-Q4_0.gguf'));
    hub.faults.push((_, response, { content: all }) => {
      response.writeHead(200, { 'content-length': all.length });
      response.write(all.subarray(0, 90_000));
      return true;
    });
    const program = `import { pullModel } from ${JSON.stringify(new URL('./pull.js', import.meta.url).href)};
      await pullModel('org/model-GGUF', { endpoint: ${JSON.stringify(hub.url)}, folder: ${JSON.stringify(folder)},
        onProgress: ({ doneBytes }) => { if (doneBytes === 90000) process.stdout.write('started'); } });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(here().some((name) => name.endsWith('.lock'))).toBe(true);
    expect(readFileSync(await pull()).equals(content)).toBe(true);
    expect(hub.downloads.at(-1)?.range).toBe('bytes=90000-');
  });
});
