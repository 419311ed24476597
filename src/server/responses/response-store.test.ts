import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createResponseStore, type StoredResponse } from './response-store.js';

const response = (id: string, fields: Partial<StoredResponse> = {}): StoredResponse => ({
  id,
  owner: '',
  previousId: null,
  input: [],
  output: [],
  body: {},
  ...fields,
});

const limits = { count: 3, bytes: 10_000, ageMs: 1_000 };

describe('createResponseStore', () => {
  it('drops the longest unused when there are too many', () => {
    const store = createResponseStore(limits);
    for (const id of ['a', 'b', 'c']) store.put(response(id));
    store.get('a', '');
    store.put(response('d'));
    expect(['a', 'b', 'c', 'd'].map((id) => store.get(id, '') !== null)).toEqual([true, false, true, true]);
  });

  it('does not keep what is larger than the whole store, nor drop others for it', () => {
    const store = createResponseStore(limits);
    store.put(response('a'));
    store.put(response('big', { body: { text: 'x'.repeat(20_000) } }));
    expect([store.get('a', '')?.id, store.get('big', '')]).toEqual(['a', null]);
  });

  it('forgets by age', () => {
    let nowMs = 0;
    const store = createResponseStore(limits, () => nowMs);
    store.put(response('a'));
    nowMs = 1_000;
    expect(store.get('a', '')).not.toBeNull();
    nowMs = 1_001;
    expect(store.get('a', '')).toBeNull();
    expect([store.size, store.bytes]).toEqual([0, 0]);
  });

  it('shows nothing to another owner', () => {
    const store = createResponseStore(limits);
    store.put(response('a', { owner: 'x' }));
    expect([store.get('a', 'y'), store.delete('a', 'y')]).toEqual([null, false]);
    expect(store.get('a', 'x')).not.toBeNull();
  });

  it('never holds more than its limits, and counts its bytes exactly', () => {
    const step = fc.record({
      kind: fc.constantFrom('put', 'get', 'delete'),
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      size: fc.integer({ min: 0, max: 6_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const store = createResponseStore(limits);
        for (const { kind, id, size } of steps) {
          if (kind === 'put') store.put(response(id, { body: { text: 'x'.repeat(size) } }));
          else if (kind === 'get') store.get(id, '');
          else store.delete(id, '');
          const kept = ['a', 'b', 'c', 'd', 'e'].flatMap((key) => store.get(key, '') ?? []);
          expect(store.size).toBe(kept.length);
          expect(store.size).toBeLessThanOrEqual(limits.count);
          expect(store.bytes).toBe(kept.reduce((sum, entry) => sum + JSON.stringify(entry).length, 0));
          expect(store.bytes).toBeLessThanOrEqual(limits.bytes);
        }
      }),
    );
  });
});
