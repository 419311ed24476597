/**
 * From a receipt's body to its signed form: digest over its place in the chain, signature over the digest. Pure but for
 * the key; knows no database.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.js';
import type { ReceiptBody, SignedReceipt } from './receipt.js';
import type { SigningKey } from './signing-key.js';

/** Where a receipt stands; the first has sequence 1 and no previous. */
export interface ChainPlace {
  readonly chain: string;
  readonly sequence: number;
  readonly previous: string | null;
}

const digestPrefix = 'sha256:';

/**
 * SHA-256 of `{body, chain, previous, sequence}` in canonical JSON; `bodyJson` is the body's canonical JSON, so that who
 * has it already need not write it again.
 */
const hashPlaced = (bodyJson: string, { chain, sequence, previous }: ChainPlace): Buffer =>
  createHash('sha256')
    .update(
      `{"body":${bodyJson},"chain":${canonicalJson(chain)},"previous":${canonicalJson(previous)},"sequence":${canonicalJson(sequence)}}`,
    )
    .digest();

/** The digest that a receipt must carry: `sha256:` and lower-case hex. Throws TrustError `not-canonical`. */
export const receiptDigest = (receipt: Pick<SignedReceipt, 'body'> & ChainPlace): string =>
  digestPrefix + hashPlaced(canonicalJson(receipt.body), receipt).toString('hex');

/** The 32 bytes that are signed, from a digest's text; null for text that is no digest. */
export const digestBytes = (digest: string): Buffer | null =>
  /^sha256:[0-9a-f]{64}$/.test(digest) ? Buffer.from(digest.slice(digestPrefix.length), 'hex') : null;

export interface SignedWithText {
  readonly receipt: SignedReceipt;
  /** The body in canonical JSON, as it was signed. */
  readonly bodyJson: string;
}

/** Signs a body at its place. Throws TrustError `not-canonical` for a body that JSON cannot say. */
export const signReceipt = (
  body: ReceiptBody,
  { key, ...place }: ChainPlace & { readonly key: SigningKey },
): SignedWithText => {
  const bodyJson = canonicalJson(body);
  const hash = hashPlaced(bodyJson, place);
  const receipt: SignedReceipt = {
    body,
    chain: place.chain,
    sequence: place.sequence,
    previous: place.previous,
    digest: digestPrefix + hash.toString('hex'),
    signer: key.id,
    signature: key.sign(hash).toString('base64'),
  };
  return { receipt, bodyJson };
};
