/**
 * The Ed25519 key (RFC 8032) that signs receipts: a PKCS #8 file that only its owner may read, made on first use, its
 * public half beside it. Knows nothing of receipts.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { TrustError } from './trust-error.js';

export interface SigningKey {
  /** Digest of the public half: `sha256:` and the hex SHA-256 of its SubjectPublicKeyInfo (DER). */
  readonly id: string;
  /** SubjectPublicKeyInfo as PEM. */
  readonly publicKeyPem: string;
  /** 64 bytes. */
  sign(message: Uint8Array): Buffer;
}

const idOf = (publicKey: KeyObject): string =>
  `sha256:${createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`;

const pemOf = (publicKey: KeyObject): string => publicKey.export({ type: 'spki', format: 'pem' }).toString();

/** A public key from its PEM text with its id. Throws TrustError `public-key` for anything but Ed25519. */
export const readPublicKey = (pem: string): { readonly id: string; readonly key: KeyObject } => {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new TrustError('public-key', 'Cannot read a public key: the text is no PEM key.', { cause });
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new TrustError(
      'public-key',
      `Cannot use a public key: it must be Ed25519, this one is ${key.asymmetricKeyType}.`,
    );
  return { id: idOf(key), key };
};

/** Where the public half of the key at `path` is kept. */
export const publicKeyPath = (path: string): string => `${path}.pub`;

const isCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException).code === code;

const writeDurably = (path: string, text: string): void => {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

/** Makes the entry of a new file durable; some systems cannot open folders, and keep such entries themselves. */
const syncFolder = (folder: string): void => {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
};

/**
 * Writes a new key under a name of its own and links it to `path`, which fails where another process was first: no
 * reader ever sees half a key, and all processes end with the same one.
 */
const createKeyFile = (path: string): void => {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomUUID()}`;
  writeDurably(draft, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  syncFolder(folder);
};

const readOrCreate = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
  createKeyFile(path);
  return readFileSync(path, 'utf8');
};

/** The public half beside the private one, for whoever verifies; made again where somebody removed it. */
const exportPublicKey = (path: string, pem: string): void => {
  try {
    if (readFileSync(publicKeyPath(path), 'utf8') === pem) return;
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
  writeFileSync(publicKeyPath(path), pem, { mode: 0o644 });
};

/** The key at `path`, made where there is none. Throws TrustError `signing-key` where it cannot be read or made. */
export const openSigningKey = (path: string): SigningKey => {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(readOrCreate(path));
    const publicKey = createPublicKey(privateKey);
    if (privateKey.asymmetricKeyType !== 'ed25519')
      throw new TypeError(`it must be Ed25519, this one is ${privateKey.asymmetricKeyType}`);
    const publicKeyPem = pemOf(publicKey);
    exportPublicKey(path, publicKeyPem);
    return { id: idOf(publicKey), publicKeyPem, sign: (message) => sign(null, message, privateKey) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TrustError('signing-key', `Cannot open the signing key ${path}: ${reason}`, { cause });
  }
};
