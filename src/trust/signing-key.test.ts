/** The key file: made once whoever is first, read by its owner only, told apart from what is no key. */
import { spawn } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSigningKey, publicKeyPath, readPublicKey } from './signing-key.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-key-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('openSigningKey', () => {
  it('makes a key that stays the same, with its public half beside it', () => {
    const path = join(folder, 'deep', 'down', 'key.pem');
    const made = openSigningKey(path);
    const opened = openSigningKey(path);
    expect(opened.id).toBe(made.id);
    const pem = readFileSync(publicKeyPath(path), 'utf8');
    expect(readPublicKey(pem).id).toBe(made.id);
    const message = Buffer.from('a digest');
    expect(verify(null, message, createPublicKey(pem), opened.sign(message))).toBe(true);
    expect(readdirSync(join(folder, 'deep', 'down')).sort()).toEqual(['key.pem', 'key.pem.pub']);
  });

  it.skipIf(process.platform === 'win32')('lets nobody but the owner read it', () => {
    const path = join(folder, 'key.pem');
    openSigningKey(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('writes the public half again when it was removed or is of another key', () => {
    const path = join(folder, 'key.pem');
    const { publicKeyPem } = openSigningKey(path);
    writeFileSync(publicKeyPath(path), 'something else');
    openSigningKey(path);
    expect(readFileSync(publicKeyPath(path), 'utf8')).toBe(publicKeyPem);
  });

  it('gives all processes that start at once the same key', async () => {
    const path = join(folder, 'key.pem');
    const module = new URL('./signing-key.js', import.meta.url).href;
    const script = `import { openSigningKey } from ${JSON.stringify(module)}; console.log(openSigningKey(${JSON.stringify(path)}).id);`;
    const ids = await Promise.all(
      Array.from(
        { length: 6 },
        () =>
          new Promise<string>((resolve, reject) => {
            const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
            let out = '';
            child.stdout.on('data', (data) => {
              out += data;
            });
            child.on('error', reject);
            child.on('exit', () => resolve(out.trim()));
          }),
      ),
    );
    expect(ids[0]).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(new Set(ids).size).toBe(1);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it.each([
    ['a file that is no key', 'not a key'],
    ['a key of another kind', generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' })],
  ])('refuses %s and leaves it as it is', (_, content) => {
    const path = join(folder, 'key.pem');
    writeFileSync(path, content);
    expect(() => openSigningKey(path)).toThrow(expect.objectContaining({ code: 'signing-key' }));
    expect(readFileSync(path, 'utf8')).toBe(content.toString());
  });
});

describe('readPublicKey', () => {
  it('refuses what is no Ed25519 key', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    for (const pem of ['', 'nonsense', publicKey.export({ type: 'spki', format: 'pem' }).toString()])
      expect(() => readPublicKey(pem)).toThrow(expect.objectContaining({ code: 'public-key' }));
  });
});
