/**
 * Checks receipts offline: that each is what was signed, and that none is missing from its chain, moved or put in.
 *
 * Knows only the receipts and public keys that it is given. A chain whose last receipts were cut off looks like a shorter
 * chain; who wrote down its head earlier gives it as `until` and finds that too.
 */
import { type KeyObject, verify } from 'node:crypto';
import type { BatchProof, SignedReceipt } from './receipt.js';
import { base64Bytes, bytesSigned, receiptDigest } from './sign-receipt.js';
import { readPublicKey } from './signing-key.js';

export interface ChainHead {
  readonly chain: string;
  readonly sequence: number;
  readonly digest: string;
}

/** `position` counts the receipts as given, from 0. */
interface At {
  readonly position: number;
  readonly chain: string;
  readonly sequence: number;
  readonly receiptId: string;
}

export type ChainFault =
  /** Not the shape of a receipt. */
  | { readonly type: 'malformed'; readonly position: number }
  /** Its digest is not that of its content. */
  | ({ readonly type: 'changed' } & At)
  /** Signed by none of the keys. */
  | ({ readonly type: 'foreign-signed'; readonly signer: string } & At)
  /** Says one of the keys signed it, which it did not. */
  | ({ readonly type: 'bad-signature'; readonly signer: string } & At)
  /** Stands after one that came later. */
  | ({ readonly type: 'reordered' } & At)
  /** The same receipt again. */
  | ({ readonly type: 'repeated' } & At)
  /** Another receipt at a place that is taken. */
  | ({ readonly type: 'forked' } & At)
  /** Does not name the digest of the receipt before it. */
  | ({ readonly type: 'unlinked' } & At)
  | { readonly type: 'missing'; readonly chain: string; readonly fromSequence: number; readonly toSequence: number };

export interface ChainReport {
  readonly checked: number;
  /** Empty when all is well. */
  readonly faults: readonly ChainFault[];
  /** The last receipt of each chain. */
  readonly heads: readonly ChainHead[];
}

export interface VerifyOptions {
  /** Heads of what was verified before: chains go on from there rather than begin at 1. */
  readonly after?: readonly ChainHead[];
  /** Heads that must be reached, as they were written down earlier. */
  readonly until?: readonly ChainHead[];
}

const isProof = (value: Partial<BatchProof> | null | undefined): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Number.isSafeInteger(value.index) &&
  Number.isSafeInteger(value.size) &&
  Array.isArray(value.path) &&
  value.path.every((hash: unknown) => typeof hash === 'string');

const isReceipt = (value: unknown): value is SignedReceipt => {
  const receipt = value as Partial<SignedReceipt> | null;
  return (
    typeof receipt === 'object' &&
    receipt !== null &&
    typeof receipt.body === 'object' &&
    receipt.body !== null &&
    typeof receipt.body.id === 'string' &&
    typeof receipt.chain === 'string' &&
    Number.isSafeInteger(receipt.sequence) &&
    (receipt.sequence as number) >= 1 &&
    (receipt.previous === null || typeof receipt.previous === 'string') &&
    typeof receipt.digest === 'string' &&
    typeof receipt.signer === 'string' &&
    typeof receipt.signature === 'string' &&
    isProof(receipt.proof)
  );
};

interface Placed {
  readonly receipt: SignedReceipt;
  readonly at: At;
}

const hasItsDigest = (receipt: SignedReceipt): boolean => {
  try {
    return receiptDigest(receipt) === receipt.digest;
  } catch {
    return false;
  }
};

type SignatureCheck = (receipt: SignedReceipt, key: KeyObject) => boolean;

/** Receipts that were signed together have one signature: it is checked once. */
const createSignatureCheck = (): SignatureCheck => {
  const known = new Map<string, boolean>();
  return (receipt, key) => {
    const bytes = bytesSigned(receipt);
    const signature = base64Bytes(receipt.signature);
    if (bytes === null || signature === null) return false;
    const name = `${receipt.signer} ${receipt.signature} ${bytes.toString('base64')}`;
    let signed = known.get(name);
    if (signed === undefined) {
      signed = verify(null, bytes, key, signature);
      known.set(name, signed);
    }
    return signed;
  };
};

/** What is wrong with one receipt by itself, or null. */
const checkAlone = (
  { receipt, at }: Placed,
  { keys, isSigned }: { readonly keys: ReadonlyMap<string, KeyObject>; readonly isSigned: SignatureCheck },
): ChainFault | null => {
  if (!hasItsDigest(receipt)) return { type: 'changed', ...at };
  const { signer } = receipt;
  const key = keys.get(signer);
  if (key === undefined) return { type: 'foreign-signed', signer, ...at };
  return isSigned(receipt, key) ? null : { type: 'bad-signature', signer, ...at };
};

/** Order as given: what stands after a later one, and what comes twice. Returns one receipt per place. */
const checkOrder = (placed: readonly Placed[], faults: ChainFault[]): Placed[] => {
  const taken = new Map<number, Placed>();
  let latest = 0;
  for (const one of placed) {
    const { sequence } = one.at;
    const first = taken.get(sequence);
    if (first !== undefined)
      faults.push({ type: first.receipt.digest === one.receipt.digest ? 'repeated' : 'forked', ...one.at });
    else {
      if (sequence < latest) faults.push({ type: 'reordered', ...one.at });
      latest = Math.max(latest, sequence);
      taken.set(sequence, one);
    }
  }
  return [...taken.values()].sort((a, b) => a.at.sequence - b.at.sequence);
};

interface ChainInput {
  readonly chain: string;
  readonly placed: readonly Placed[];
  readonly after: ChainHead | undefined;
  readonly until: ChainHead | undefined;
}

/** Gaps and links of one chain; returns its head, null where nothing of it is there. */
const checkChain = ({ chain, placed, after, until }: ChainInput, faults: ChainFault[]): ChainHead | null => {
  const missing = (fromSequence: number, toSequence: number): void => {
    if (fromSequence <= toSequence) faults.push({ type: 'missing', chain, fromSequence, toSequence });
  };
  let sequence = after?.sequence ?? 0;
  let digest = after?.digest ?? null;
  for (const { receipt, at } of checkOrder(placed, faults)) {
    if (at.sequence <= sequence) {
      // It was verified before as part of what `after` stands for.
      faults.push({ type: receipt.digest === digest ? 'repeated' : 'forked', ...at });
      continue;
    }
    const follows = at.sequence === sequence + 1;
    missing(sequence + 1, at.sequence - 1);
    if (follows && receipt.previous !== digest) faults.push({ type: 'unlinked', ...at });
    if (until?.sequence === at.sequence && until.digest !== receipt.digest) faults.push({ type: 'forked', ...at });
    ({ sequence } = at);
    ({ digest } = receipt);
  }
  if (until !== undefined) missing(sequence + 1, until.sequence);
  return digest === null ? null : { chain, sequence, digest };
};

const byChain = (heads: readonly ChainHead[] = []): Map<string, ChainHead> =>
  new Map(heads.map((head) => [head.chain, head]));

/**
 * Verifies receipts of one or more chains, given in their order, against public keys (PEM, Ed25519).
 * Throws TrustError `public-key` for a text that is no such key.
 */
export const verifyChain = (
  receipts: readonly SignedReceipt[],
  publicKeys: readonly string[],
  options: VerifyOptions = {},
): ChainReport => {
  const keys = new Map(publicKeys.map(readPublicKey).map(({ id, key }) => [id, key]));
  const after = byChain(options.after);
  const until = byChain(options.until);
  const chains = new Map<string, Placed[]>([...after.keys(), ...until.keys()].map((chain) => [chain, []]));
  const faults: ChainFault[] = [];
  const isSigned = createSignatureCheck();
  for (const [position, receipt] of receipts.entries()) {
    if (!isReceipt(receipt)) {
      faults.push({ type: 'malformed', position });
      continue;
    }
    const { chain, sequence } = receipt;
    const placed = { receipt, at: { position, chain, sequence, receiptId: receipt.body.id } };
    const fault = checkAlone(placed, { keys, isSigned });
    if (fault !== null) faults.push(fault);
    const members = chains.get(chain);
    if (members === undefined) chains.set(chain, [placed]);
    else members.push(placed);
  }
  const heads: ChainHead[] = [];
  for (const [chain, placed] of chains) {
    const head = checkChain({ chain, placed, after: after.get(chain), until: until.get(chain) }, faults);
    if (head !== null) heads.push(head);
  }
  return { checked: receipts.length, faults, heads };
};
