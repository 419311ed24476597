import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMerkleTree, rootOf } from './merkle-tree.js';

const sha = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();

/** RFC 9162, 2.1.1, word for word. */
const headOf = (leaves: readonly Uint8Array[]): Buffer => {
  if (leaves.length === 1) return sha(Buffer.of(0), leaves[0]!);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha(Buffer.of(1), headOf(leaves.slice(0, split)), headOf(leaves.slice(split)));
};

const leavesOf = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 70 });

test('the root is the one of the RFC, and every path leads to it', () => {
  fc.assert(
    fc.property(leavesOf, (leaves) => {
      const tree = createMerkleTree(leaves);
      expect(tree.root).toEqual(headOf(leaves));
      for (const [index, leaf] of leaves.entries())
        expect(rootOf(leaf, { index, size: leaves.length, path: tree.path(index) })).toEqual(tree.root);
    }),
  );
});

test('the empty leaf and the eight of the RFC 6962 test vectors', () => {
  // Certificate Transparency's own test vectors (google/certificate-transparency, merkletree tests).
  const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const roots: Record<number, string> = {
    1: '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    8: '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  };
  for (const [size, root] of Object.entries(roots))
    expect(
      createMerkleTree(leaves.slice(0, Number(size)).map((hex) => Buffer.from(hex, 'hex'))).root.toString('hex'),
    ).toBe(root);
});

test('a path leads nowhere else: not with another leaf, index, size, or hash', () => {
  fc.assert(
    fc.property(leavesOf, fc.nat(), fc.nat(3), fc.nat(), (leaves, pick, change, by) => {
      const index = pick % leaves.length;
      const tree = createMerkleTree(leaves);
      const path = tree.path(index);
      const proof = { index, size: leaves.length, path };
      const leaf = leaves[index]!;
      const changed = [
        () => rootOf(Buffer.concat([leaf, Buffer.of(1)]), proof),
        () => rootOf(leaf, { ...proof, index: leaves.length + by }),
        () => rootOf(leaf, { ...proof, path: [...path, tree.root] }),
        () => (path.length === 0 ? null : rootOf(leaf, { ...proof, path: path.slice(1) })),
      ][change]!();
      expect(changed === null || !changed.equals(tree.root)).toBe(true);
    }),
  );
  expect(() => createMerkleTree([])).toThrow(RangeError);
});
