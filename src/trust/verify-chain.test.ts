/** Whatever is done to a chain of receipts is found, and the report says what and where. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { ReceiptBody, SignedReceipt } from './receipt.js';
import { receiptBody, signAlone, signTogether } from './receipt.test-support.js';
import { receiptDigest } from './sign-receipt.js';
import { openSigningKey, type SigningKey } from './signing-key.js';
import { type ChainFault, verifyChain } from './verify-chain.js';

const folder = mkdtempSync(join(tmpdir(), 'spillway-chain-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const key = openSigningKey(join(folder, 'ours.pem'));
const foreign = openSigningKey(join(folder, 'foreign.pem'));

/** Signed in batches of 1, 2, 3 and so on. */
const makeChain = (length: number, options: { chain?: string; key?: SigningKey } = {}): SignedReceipt[] => {
  const receipts: SignedReceipt[] = [];
  for (let size = 1; receipts.length < length; size++) {
    const batch: { body: ReceiptBody; chain: string; sequence: number; previous: string | null }[] = [];
    let previous = receipts.at(-1)?.digest ?? null;
    while (batch.length < size && receipts.length + batch.length < length) {
      const sequence = receipts.length + batch.length + 1;
      const placed = { body: receiptBody(`r${sequence}`), chain: options.chain ?? 'main', sequence, previous };
      batch.push(placed);
      previous = receiptDigest(placed);
    }
    receipts.push(...signTogether(batch, options.key ?? key));
  }
  return receipts;
};

const verify = (receipts: readonly SignedReceipt[], options = {}) => verifyChain(receipts, [key.publicKeyPem], options);
const types = (faults: readonly ChainFault[]): string[] => faults.map(({ type }) => type);
const chain = makeChain(6);
const change = (receipt: SignedReceipt, fields: Partial<ReceiptBody>): SignedReceipt => ({
  ...receipt,
  body: { ...receipt.body, ...fields },
});
const headOf = ({ chain: name, sequence, digest }: SignedReceipt) => ({ chain: name, sequence, digest });

describe('verifyChain', () => {
  it('finds nothing in a chain as it was signed, also when it went through JSON', () => {
    const report = verify(JSON.parse(JSON.stringify(chain)) as SignedReceipt[]);
    expect(report).toEqual({ checked: 6, faults: [], heads: [headOf(chain[5]!)] });
    expect(verify([])).toEqual({ checked: 0, faults: [], heads: [] });
  });

  it('finds a changed body, and says which', () => {
    const report = verify(chain.with(2, change(chain[2]!, { costNanoUsd: 1 })));
    expect(report.faults).toEqual([
      { type: 'changed', position: 2, chain: 'main', sequence: 3, receiptId: 'receipt-r3' },
    ]);
  });

  it('finds a body that was changed with its digest: its signature and the next link no longer fit', () => {
    const changed = change(chain[2]!, { costNanoUsd: 1 });
    const report = verify(chain.with(2, { ...changed, digest: receiptDigest(changed) }));
    expect(report.faults).toMatchObject([
      { type: 'bad-signature', sequence: 3, signer: key.id },
      { type: 'unlinked', sequence: 4 },
    ]);
  });

  it('finds one that another key signed, also when it names ours', () => {
    const body = change(chain[2]!, { costNanoUsd: 1 }).body;
    const place = { chain: 'main', sequence: 3, previous: chain[1]!.digest };
    const forged = signAlone(body, { ...place, key: foreign });
    expect(types(verify(chain.with(2, forged)).faults)).toEqual(['foreign-signed', 'unlinked']);
    expect(types(verify(chain.with(2, { ...forged, signer: key.id })).faults)).toEqual(['bad-signature', 'unlinked']);
  });

  it('accepts several signers in one chain, as several servers on one database make it', () => {
    const second = signAlone(receiptBody('x'), {
      key: foreign,
      chain: 'main',
      sequence: 7,
      previous: chain[5]!.digest,
    });
    expect(verifyChain([...chain, second], [key.publicKeyPem, foreign.publicKeyPem]).faults).toEqual([]);
  });

  it('finds what is missing at the start, in the middle, and at an end that is known', () => {
    const without = (from: number, to: number) => chain.filter(({ sequence }) => sequence < from || sequence > to);
    expect(verify(without(1, 2)).faults).toEqual([{ type: 'missing', chain: 'main', fromSequence: 1, toSequence: 2 }]);
    expect(verify(without(3, 4)).faults).toEqual([{ type: 'missing', chain: 'main', fromSequence: 3, toSequence: 4 }]);
    const until = [headOf(chain[5]!)];
    expect(verify(without(5, 6), { until }).faults).toEqual([
      { type: 'missing', chain: 'main', fromSequence: 5, toSequence: 6 },
    ]);
    expect(verify([], { until }).faults).toEqual([{ type: 'missing', chain: 'main', fromSequence: 1, toSequence: 6 }]);
  });

  it('finds a history that was written anew up to a head that is known', () => {
    const other = makeChain(5);
    const last = signAlone(receiptBody('other'), {
      key,
      chain: 'main',
      sequence: 6,
      previous: other[4]!.digest,
    });
    expect(types(verify([...other, last], { until: [headOf(chain[5]!)] }).faults)).toEqual(['forked']);
  });

  it('finds receipts out of order, twice, and two at one place', () => {
    const swapped = [chain[0]!, chain[2]!, chain[1]!, ...chain.slice(3)];
    expect(verify(swapped).faults).toEqual([
      { type: 'reordered', position: 2, chain: 'main', sequence: 2, receiptId: 'receipt-r2' },
    ]);
    expect(verify([...chain, chain[3]!]).faults).toMatchObject([{ type: 'repeated', position: 6, sequence: 4 }]);
    const twin = signAlone(receiptBody('twin'), {
      key,
      chain: 'main',
      sequence: 4,
      previous: chain[2]!.digest,
    });
    expect(verify([...chain, twin]).faults).toMatchObject([{ type: 'forked', position: 6, sequence: 4 }]);
  });

  it('finds a receipt that was put in from another chain under our name', () => {
    const stray = { ...makeChain(3, { chain: 'other' })[2]!, chain: 'main' };
    expect(types(verify(chain.with(2, stray)).faults)).toEqual(['changed', 'unlinked', 'unlinked']);
  });

  it('goes on after a head, and finds where the next part does not fit it', () => {
    const part = chain.slice(3);
    expect(verify(part, { after: [headOf(chain[2]!)] }).faults).toEqual([]);
    expect(types(verify(part, { after: [headOf(chain[1]!)] }).faults)).toEqual(['missing']);
    expect(types(verify(part, { after: [{ ...headOf(chain[2]!), digest: chain[1]!.digest }] }).faults)).toEqual([
      'unlinked',
    ]);
    expect(types(verify(chain.slice(2), { after: [headOf(chain[2]!)] }).faults)).toEqual(['repeated']);
  });

  it('verifies any one receipt alone, with those beside it unknown', () => {
    for (const receipt of chain)
      expect(
        verify([receipt], { after: receipt.sequence === 1 ? [] : [headOf(chain[receipt.sequence - 2]!)] }),
      ).toEqual({
        checked: 1,
        faults: [],
        heads: [headOf(receipt)],
      });
  });

  it('finds a proof that is of another receipt of the same batch', () => {
    const [third, fourth] = [chain[3]!, chain[4]!];
    expect(third.proof.size).toBeGreaterThan(1);
    const report = verify(chain.with(3, { ...third, proof: fourth.proof }));
    expect(report.faults).toMatchObject([{ type: 'bad-signature', sequence: 4 }]);
  });

  it('looks at each chain by itself', () => {
    const other = makeChain(3, { chain: 'other' });
    const mixed = [chain[0]!, other[0]!, chain[1]!, other[1]!, other[2]!];
    expect(verify(mixed)).toEqual({ checked: 5, faults: [], heads: [headOf(chain[1]!), headOf(other[2]!)] });
  });

  it('calls malformed what is no receipt, and does not stop at it', () => {
    const odd = [
      null,
      5,
      {},
      { ...chain[1]!, sequence: '2' },
      { ...chain[1]!, body: null },
      { ...chain[1]!, proof: null },
    ] as SignedReceipt[];
    expect(verify([chain[0]!, ...odd, ...chain.slice(1)]).faults).toEqual(
      [1, 2, 3, 4, 5, 6].map((position) => ({ type: 'malformed', position })),
    );
    const unsignable = { ...chain[1]!, body: { ...chain[1]!.body, model: '\ud800' } };
    expect(types(verify(chain.with(1, unsignable)).faults)).toEqual(['changed']);
  });

  it('finds any one change of any field of any receipt', () => {
    const paths = ['chain', 'sequence', 'previous', 'digest', 'signer', 'signature'] as const;
    fc.assert(
      fc.property(fc.nat(chain.length - 1), fc.constantFrom(...paths), fc.nat(63), (index, field, at) => {
        const receipt = chain[index]!;
        const value = receipt[field];
        // Flips one bit of one character that is part of the value.
        const position = typeof value === 'string' ? at % value.length : 0;
        const changed =
          value === null
            ? chain[0]!.digest
            : typeof value === 'number'
              ? value + 1
              : value.slice(0, position) +
                String.fromCharCode(value.charCodeAt(position) ^ 1) +
                value.slice(position + 1);
        const faults = verify(chain.with(index, { ...receipt, [field]: changed } as SignedReceipt)).faults;
        expect(faults.length).toBeGreaterThan(0);
      }),
    );
    fc.assert(
      fc.property(fc.nat(chain.length - 1), fc.nat(2), fc.nat(), fc.nat(7), (index, what, at, bit) => {
        const receipt = chain[index]!;
        const { proof } = receipt;
        const path = proof.path.map((one) => Buffer.from(one, 'base64'));
        const hash = path[at % Math.max(1, path.length)];
        if (hash !== undefined) hash[at % 32]! ^= 1 << bit;
        const changed = [
          { ...proof, index: (proof.index + 1 + (at % 5)) % (proof.size + 5) },
          { ...proof, size: proof.size + 1 + (at % 5) },
          { ...proof, path: hash === undefined ? ['AAAA'] : path.map((one) => one.toString('base64')) },
        ][what]!;
        if (JSON.stringify(changed) === JSON.stringify(proof)) return;
        const { faults } = verify(chain.with(index, { ...receipt, proof: changed }));
        expect(faults).toMatchObject([{ type: 'bad-signature', position: index }]);
      }),
    );
    fc.assert(
      fc.property(fc.nat(chain.length - 1), fc.constantFrom(...Object.keys(chain[0]!.body)), (index, field) => {
        const receipt = chain[index]!;
        const body = { ...receipt.body, [field]: 'changed' } as unknown as ReceiptBody;
        const { faults } = verify(chain.with(index, { ...receipt, body }));
        expect(faults).toMatchObject([{ type: 'changed', position: index }]);
      }),
    );
  });
});
