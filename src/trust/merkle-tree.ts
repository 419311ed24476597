/**
 * Merkle trees after RFC 9162, section 2.1, over SHA-256: one root for many leaves, and for each leaf the hashes that
 * lead from it to the root. Knows nothing of what the leaves are.
 */
import { hash } from 'node:crypto';

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

const leafHash = (leaf: Uint8Array): Buffer => hash('sha256', Buffer.concat([leafPrefix, leaf]), 'buffer');

const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer =>
  hash('sha256', Buffer.concat([nodePrefix, left, right]), 'buffer');

export interface MerkleTree {
  /** 32 bytes. */
  readonly root: Buffer;
  /** Hashes of 32 bytes from the leaf's sibling upwards; empty in a tree of one. */
  path(index: number): Buffer[];
}

/** Throws RangeError without a leaf. */
export const createMerkleTree = (leaves: readonly Uint8Array[]): MerkleTree => {
  if (leaves.length === 0) throw new RangeError('A tree needs a leaf');
  // Pairing neighbours and taking a last odd one up as it is gives the RFC's tree.
  const levels: Buffer[][] = [leaves.map(leafHash)];
  for (let level = levels[0]!; level.length > 1; level = levels.at(-1)!) {
    const above: Buffer[] = [];
    for (let index = 0; index < level.length; index += 2)
      above.push(index + 1 < level.length ? nodeHash(level[index]!, level[index + 1]!) : level[index]!);
    levels.push(above);
  }
  return {
    root: levels.at(-1)![0]!,
    path(index) {
      const path: Buffer[] = [];
      let at = index;
      for (const level of levels) {
        const sibling = level[at ^ 1];
        if (sibling !== undefined) path.push(sibling);
        at >>= 1;
      }
      return path;
    },
  };
};

/**
 * The root that a leaf and its path lead to (RFC 9162, 2.1.3.2); null for a path that no leaf at `index` of `size` has.
 */
export const rootOf = (
  leaf: Uint8Array,
  { index, size, path }: { readonly index: number; readonly size: number; readonly path: readonly Uint8Array[] },
): Buffer | null => {
  if (index < 0 || index >= size) return null;
  let at = index;
  let last = size - 1;
  let root = leafHash(leaf);
  for (const sibling of path) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      root = nodeHash(sibling, root);
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else root = nodeHash(root, sibling);
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? root : null;
};
