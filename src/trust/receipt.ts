/**
 * What a finished request leaves behind: where it ran and what it took, without a word of its content. Data only.
 */
import type { TierName } from '../tiers/tier.js';

/** Times are milliseconds since 1970, money whole nanodollars, digests `sha256:` and lower-case hex. */
export interface ReceiptBody {
  readonly id: string;
  readonly version: 1;
  readonly requestId: string;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly operation: 'chat' | 'completion' | 'embedding';
  readonly outcome: 'done' | 'failed' | 'cancelled';
  /** Id of the key, never the key; null without keys. */
  readonly keyId: string | null;
  readonly app: string | null;
  readonly reach: TierName;
  readonly tier: TierName;
  readonly endpoint: string;
  readonly model: string;
  /** Digest of the model's file or of what an attested node runs; null where nobody can tell. */
  readonly modelDigest: string | null;
  /** Digest of the evidence that the node showed; null where there is none. */
  readonly evidenceDigest: string | null;
  /** Digests of the request and the answer as they crossed the tier's border. */
  readonly requestDigest: string;
  readonly answerDigest: string;
  readonly consentId: string | null;
  /** Replaced things by kind. */
  readonly redactions: Readonly<Record<string, number>>;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly costNanoUsd: number;
}

/** Where a receipt's digest stands in the Merkle tree (RFC 9162) of those that were signed together. */
export interface BatchProof {
  /** From 0. */
  readonly index: number;
  readonly size: number;
  /** Hashes of 32 bytes from its sibling up to the root, base64; none where it was signed alone. */
  readonly path: readonly string[];
}

/** A body with its place in a chain: `previous` is the digest of the receipt before it, null for the first. */
export interface SignedReceipt {
  readonly body: ReceiptBody;
  readonly chain: string;
  readonly sequence: number;
  readonly previous: string | null;
  /** Of body, chain, sequence and previous, in canonical JSON (RFC 8785). */
  readonly digest: string;
  /** Id of the signing key: digest of its public half. */
  readonly signer: string;
  /** Ed25519 (RFC 8032) over the 32 bytes of the root that digest and proof lead to and the tree's size (4, big-endian); base64. */
  readonly signature: string;
  readonly proof: BatchProof;
}
