/** Keys: who has the secret is known, who has not is not, and a revocation reaches every server. */
import { readFileSync, statSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { onBothDatabases } from './databases.test-support.js';
import { startMs } from './requests.test-support.js';

onBothDatabases((database) => {
  const now = () => startMs;

  it('knows a key by its secret, with all that was said of it', async () => {
    const ledger = await database.open({ now });
    const { record, secret } = await ledger.createKey({
      name: 'Website',
      app: 'web',
      reach: 'private',
      requestsPerMinute: 60,
      tokensPerMinute: 10_000,
    });
    expect(secret).toMatch(/^sk-spillway-[A-Za-z0-9_-]{43}$/);
    expect(record).toMatchObject({
      name: 'Website',
      app: 'web',
      reach: 'private',
      createdMs: startMs,
      revokedMs: null,
    });
    expect(await ledger.identify(secret)).toEqual(record);
    const plain = await ledger.createKey({ name: 'Plain' });
    expect(plain.record).toMatchObject({ app: null, reach: null, requestsPerMinute: null, tokensPerMinute: null });
    expect(await ledger.listKeys()).toEqual([record, plain.record].sort((a, b) => (a.id < b.id ? -1 : 1)));
  });

  it('knows nobody by another secret, by half of one, or by the id', async () => {
    const ledger = await database.open();
    const { record, secret } = await ledger.createKey({ name: 'One' });
    const other = `${secret.slice(0, -1)}${secret.endsWith('A') ? 'E' : 'A'}`;
    for (const wrong of ['', record.id, secret.slice(0, -1), `${secret}x`, ` ${secret}`, secret.toUpperCase(), other])
      expect(await ledger.identify(wrong)).toBeNull();
  });

  it('honours a revocation at once here, and within seconds on other servers', async () => {
    const [here, there] = [await database.open({ now }), await database.open()];
    const { record, secret } = await here.createKey({ name: 'One' });
    expect(await there.identify(secret)).toEqual(record);
    await here.revokeKey(record.id);
    expect(await here.identify(secret)).toBeNull();
    while ((await there.identify(secret)) !== null) await wait(50);
    // Revoked stays revoked since the first time.
    await there.revokeKey(record.id);
    expect(await here.listKeys()).toEqual([{ ...record, revokedMs: startMs }]);
    await expect(here.revokeKey('key_none')).rejects.toMatchObject({ code: 'key-unknown' });
  });

  it.each([
    ['no name', { name: '' }],
    ['a name that no database can hold', { name: 'a\0b' }],
    ['a name that is too long', { name: 'x'.repeat(1001) }],
    ['a rate of nothing', { name: 'One', requestsPerMinute: 0 }],
    ['half a token', { name: 'One', tokensPerMinute: 0.5 }],
  ])('refuses a key with %s', async (_, key) => {
    const ledger = await database.open();
    await expect(ledger.createKey(key)).rejects.toMatchObject({ code: 'invalid' });
    expect(await ledger.listKeys()).toEqual([]);
  });

  it.skipIf(database.kind !== 'sqlite')(
    'keeps no secret in its file, and lets nobody but its owner read it',
    async () => {
      const ledger = await database.open();
      const { secret } = await ledger.createKey({ name: 'One' });
      await ledger.close();
      const path = database.url().slice('sqlite:'.length);
      if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
      const file = readFileSync(path, 'latin1');
      expect(file).toContain('One');
      expect(file).not.toContain(secret.slice('sk-spillway-'.length));
    },
  );
});
