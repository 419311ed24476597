/** A yes is for these bytes, this provider, this long, and for a request once: every other use is refused. */
import { describe, expect, it } from 'vitest';
import { onBothDatabases } from './databases.test-support.js';
import type { ConsentRecord, Ledger } from './ledger.js';
import { startMs } from './requests.test-support.js';

const asked = (id: string, fields: Partial<ConsentRecord> = {}): Omit<ConsentRecord, 'state'> => ({
  id,
  provider: 'openai',
  model: 'gpt-4o-mini',
  keyId: null,
  app: null,
  contentHash: 'c'.repeat(64),
  scope: 'request',
  createdMs: startMs,
  expiresMs: startMs + 60_000,
  ...fields,
});

const grant = async (ledger: Ledger, consent: Omit<ConsentRecord, 'state'>): Promise<string> => {
  await ledger.askConsent(consent);
  const { token } = await ledger.answerConsent(consent.id, true, startMs + 1);
  expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  return token!;
};

type Redemption = Parameters<Ledger['redeemConsent']>[0];

const use = (ledger: Ledger, token: string, fields: Partial<Redemption> = {}) =>
  ledger.redeemConsent({
    token,
    provider: 'openai',
    contentHash: 'c'.repeat(64),
    keyId: null,
    app: null,
    nowMs: startMs + 2,
    ...fields,
  });

onBothDatabases((database) => {
  describe('a consent', () => {
    it('can be looked up in each of its states', async () => {
      const ledger = await database.open();
      const states = async (id: string) => (await ledger.consent(id))?.state;
      const mine = { keyId: 'key_1', app: 'web' };
      await ledger.askConsent(asked('a', mine));
      expect(await ledger.consent('a')).toEqual({ ...asked('a', mine), state: 'asked' });
      const { token } = await ledger.answerConsent('a', true, startMs);
      expect(await states('a')).toBe('granted');
      await use(ledger, token!, mine);
      expect(await states('a')).toBe('used');
      await ledger.askConsent(asked('b'));
      expect(await ledger.answerConsent('b', false, startMs)).toEqual({ token: null });
      expect(await states('b')).toBe('refused');
      expect(await ledger.consent('none')).toBeNull();
    });

    it('is answered once, before it expires', async () => {
      const ledger = await database.open();
      await ledger.askConsent(asked('a'));
      await expect(ledger.askConsent(asked('a'))).rejects.toMatchObject({ code: 'conflict' });
      await expect(ledger.answerConsent('none', true, startMs)).rejects.toMatchObject({ code: 'consent-unknown' });
      await expect(ledger.answerConsent('a', true, startMs + 60_000)).rejects.toMatchObject({
        code: 'consent-expired',
      });
      const answers = await Promise.allSettled(
        [true, false, true].map((yes) => ledger.answerConsent('a', yes, startMs + 59_999)),
      );
      expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const answer of answers)
        if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'consent-answered' });
    });

    it('works for its bytes at its provider, and says which of them was another', async () => {
      const ledger = await database.open();
      const token = await grant(ledger, asked('a'));
      expect(await use(ledger, token, { contentHash: 'd'.repeat(64) })).toEqual({ outcome: 'other-content' });
      expect(await use(ledger, token, { provider: 'anthropic' })).toEqual({ outcome: 'other-provider' });
      expect(await use(ledger, token, { nowMs: startMs + 60_000 })).toEqual({ outcome: 'expired' });
      expect(await use(ledger, `${token}x`)).toEqual({ outcome: 'unknown' });
      expect(await use(ledger, '')).toEqual({ outcome: 'unknown' });
      // None of these used it up.
      expect(await use(ledger, token)).toEqual({ outcome: 'ok', consent: { ...asked('a'), state: 'granted' } });
      expect(await use(ledger, token)).toEqual({ outcome: 'used' });
    });

    it.each([
      ['another key', { keyId: 'key_2', app: 'web' }],
      ['no key', { keyId: null, app: 'web' }],
      ['another app', { keyId: 'key_1', app: 'batch' }],
      ['no app', { keyId: 'key_1', app: null }],
    ])('is of no use to %s, in whatever state it is', async (_, other) => {
      const ledger = await database.open();
      const mine = { keyId: 'key_1', app: 'web' };
      const token = await grant(ledger, asked('a', mine));
      expect(await use(ledger, token, other)).toEqual({ outcome: 'other-caller' });
      expect((await use(ledger, token, mine)).outcome).toBe('ok');
      expect(await use(ledger, token, other)).toEqual({ outcome: 'other-caller' });
    });

    it('of a caller without a key is of no use to one with a key', async () => {
      const ledger = await database.open();
      const token = await grant(ledger, asked('a'));
      expect(await use(ledger, token, { keyId: 'key_1' })).toEqual({ outcome: 'other-caller' });
      expect((await use(ledger, token)).outcome).toBe('ok');
    });

    it('for a request is used by exactly one of many who present it at once, on any server', async () => {
      const servers = [await database.open(), await database.open()];
      const token = await grant(servers[0]!, asked('a'));
      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, index) => use(servers[index % 2]!, token)));
      expect(outcomes.filter(({ outcome }) => outcome === 'ok')).toHaveLength(1);
      expect(outcomes.filter(({ outcome }) => outcome === 'used')).toHaveLength(19);
    });

    it('for a conversation works until it expires', async () => {
      const ledger = await database.open();
      const token = await grant(ledger, asked('a', { scope: 'conversation' }));
      for (const nowMs of [startMs + 2, startMs + 30_000, startMs + 59_999])
        expect(await use(ledger, token, { nowMs })).toMatchObject({ outcome: 'ok', consent: { id: 'a' } });
      expect((await use(ledger, token, { nowMs: startMs + 60_000 })).outcome).toBe('expired');
      expect((await use(ledger, token, { contentHash: 'd'.repeat(64) })).outcome).toBe('other-content');
    });
  });
});
