/**
 * The vocabulary of a loaded model: text to tokens, tokens to bytes, and which tokens are special.
 *
 * Pieces are asked for once and kept. Knows nothing of sequences.
 */
import type { Llama } from '../../llama/load-llama.js';
import type { Pointer } from '../../llama/structs.js';
import { EngineError } from '../engine-error.js';
import { decodeUtf8, unfinishedTail } from './text-decoder.js';

export interface TokenPiece {
  readonly bytes: Uint8Array;
  /** The bytes as text where they are whole characters, else null. */
  readonly text: string | null;
  /** Control tokens: shown only on request. */
  readonly special: boolean;
  readonly endOfGeneration: boolean;
}

export interface Vocabulary {
  readonly size: number;
  readonly handle: Pointer;
  readonly addBos: boolean;
  readonly bosToken: string | null;
  readonly eosToken: string | null;
  /** Texts that `parseSpecial` turns into control tokens. */
  readonly controlTexts: readonly string[];
  tokenize(text: string, options: { readonly addSpecial: boolean; readonly parseSpecial: boolean }): Int32Array;
  /** Special tokens included. */
  detokenize(tokens: Int32Array): string;
  piece(token: number): TokenPiece;
  /** The token that stands for one byte alone, or -1. */
  byteToken(byte: number): number;
}

/** Bits of `llama_token_attr`: unknown and control tokens are not text. */
const specialAttributes = 1 | 8;

export const createVocabulary = (llama: Llama, handle: Pointer): Vocabulary => {
  const size = llama.llama_vocab_n_tokens(handle);
  const pieces: (TokenPiece | undefined)[] = new Array(size);
  let buffer = new Uint8Array(256);
  let byteTokens: Int32Array | null = null;

  const bytesOf = (token: number): Uint8Array => {
    let length = llama.llama_token_to_piece(handle, token, buffer, buffer.length, 0, true);
    if (length < 0) {
      buffer = new Uint8Array(-length);
      length = llama.llama_token_to_piece(handle, token, buffer, buffer.length, 0, true);
    }
    return buffer.slice(0, Math.max(length, 0));
  };

  const isWhole = (bytes: Uint8Array): boolean =>
    bytes.length > 0 && (bytes[0]! & 0xc0) !== 0x80 && unfinishedTail(bytes) === 0;

  const piece = (token: number): TokenPiece => {
    let known = pieces[token];
    if (known === undefined) {
      const bytes = bytesOf(token);
      known = {
        bytes,
        text: bytes.length === 0 ? '' : isWhole(bytes) ? decodeUtf8(bytes) : null,
        special: (llama.llama_vocab_get_attr(handle, token) & specialAttributes) !== 0,
        endOfGeneration: llama.llama_vocab_is_eog(handle, token),
      };
      pieces[token] = known;
    }
    return known;
  };

  const controlTexts = (): string[] => {
    const texts: string[] = [];
    for (let token = 0; token < size; token++)
      if ((llama.llama_vocab_get_attr(handle, token) & specialAttributes) !== 0)
        texts.push(llama.llama_vocab_get_text(handle, token));
    return texts.filter((text) => text !== '');
  };

  const nameOf = (token: number): string | null => (token < 0 ? null : llama.llama_vocab_get_text(handle, token));

  return {
    size,
    handle,
    addBos: llama.llama_vocab_get_add_bos(handle),
    bosToken: nameOf(llama.llama_vocab_bos(handle)),
    eosToken: nameOf(llama.llama_vocab_eos(handle)),
    controlTexts: controlTexts(),
    piece,
    tokenize(text, { addSpecial, parseSpecial }) {
      const bytes = Buffer.from(text, 'utf8');
      let tokens = new Int32Array(bytes.length + 8);
      for (let attempt = 0; attempt < 2; attempt++) {
        const count = llama.llama_tokenize(
          handle,
          bytes,
          bytes.length,
          tokens,
          tokens.length,
          addSpecial,
          parseSpecial,
        );
        if (count >= 0) return tokens.slice(0, count);
        if (count === -(2 ** 31)) break;
        tokens = new Int32Array(-count);
      }
      throw new EngineError('invalid-request', `Cannot tokenize a text of ${bytes.length} bytes: it is too long`);
    },
    detokenize(tokens) {
      let text = new Uint8Array(tokens.length * 8 + 64);
      let length = llama.llama_detokenize(handle, tokens, tokens.length, text, text.length, false, true);
      if (length < 0) {
        text = new Uint8Array(-length);
        length = llama.llama_detokenize(handle, tokens, tokens.length, text, text.length, false, true);
      }
      return decodeUtf8(text.subarray(0, Math.max(length, 0)));
    },
    byteToken(byte) {
      if (byteTokens === null) {
        byteTokens = new Int32Array(256).fill(-1);
        for (let token = 0; token < size; token++) {
          const { bytes, special } = piece(token);
          if (bytes.length === 1 && !special && byteTokens[bytes[0]!] === -1) byteTokens[bytes[0]!] = token;
        }
      }
      return byteTokens[byte]!;
    },
  };
};
