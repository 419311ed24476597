/**
 * From receipts' bodies to their signed form: a digest over each one's place in the chain, one signature over all that
 * are signed together. Pure but for the key; knows no database.
 */
import { hash } from 'node:crypto';
import { canonicalJson } from './canonical-json.js';
import { createMerkleTree, rootOf } from './merkle-tree.js';
import type { BatchProof, SignedReceipt } from './receipt.js';
import type { SigningKey } from './signing-key.js';

/** Where a receipt stands; the first has sequence 1 and no previous. */
export interface ChainPlace {
  readonly chain: string;
  readonly sequence: number;
  readonly previous: string | null;
}

const digestPrefix = 'sha256:';

/**
 * The digest of a receipt at its place: `sha256:` and the lower-case hex SHA-256 of `{body, chain, previous, sequence}`
 * in canonical JSON. `bodyJson` is the body's canonical JSON, so that who has it already need not write it again.
 */
export const placedDigest = (bodyJson: string, { chain, sequence, previous }: ChainPlace): string =>
  digestPrefix +
  hash(
    'sha256',
    `{"body":${bodyJson},"chain":${canonicalJson(chain)},"previous":${canonicalJson(previous)},"sequence":${sequence}}`,
  );

/** The digest that a receipt must carry. Throws TrustError `not-canonical`. */
export const receiptDigest = (receipt: Pick<SignedReceipt, 'body'> & ChainPlace): string =>
  placedDigest(canonicalJson(receipt.body), receipt);

/** The 32 bytes of a digest's text; null for text that is no digest. */
const digestBytes = (digest: string): Buffer | null =>
  /^sha256:[0-9a-f]{64}$/.test(digest) ? Buffer.from(digest.slice(digestPrefix.length), 'hex') : null;

/** What is signed: the root and the number of leaves, which a root alone does not settle. 36 bytes. */
const signedBytes = (root: Buffer, size: number): Buffer => {
  const bytes = Buffer.alloc(root.length + 4);
  root.copy(bytes);
  bytes.writeUInt32BE(size, root.length);
  return bytes;
};

/** Bytes of base64 as it is written here; null for any other text of the same or other bytes. */
export const base64Bytes = (text: string): Buffer | null => {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
};

export interface BatchSignature {
  /** Ed25519 over the tree's root and size; base64. */
  readonly signature: string;
  /** One for each digest, in their order. */
  readonly proofs: readonly BatchProof[];
}

/** Signs digests together: the time of one signature for however many. */
export const signBatch = (digests: readonly string[], key: SigningKey): BatchSignature => {
  const tree = createMerkleTree(digests.map((digest) => digestBytes(digest)!));
  const { length: size } = digests;
  return {
    signature: key.sign(signedBytes(tree.root, size)).toString('base64'),
    proofs: digests.map((_, index) => ({ index, size, path: tree.path(index).map((one) => one.toString('base64')) })),
  };
};

/** The bytes that a receipt's signature must be over; null where digest and proof lead to none. */
export const bytesSigned = ({ digest, proof }: Pick<SignedReceipt, 'digest' | 'proof'>): Buffer | null => {
  const { index, size } = proof;
  const leaf = digestBytes(digest);
  const path = proof.path.map(base64Bytes);
  if (leaf === null || size > 2 ** 32 - 1 || !path.every((one): one is Buffer => one?.length === 32)) return null;
  const root = rootOf(leaf, { index, size, path });
  return root === null ? null : signedBytes(root, size);
};
