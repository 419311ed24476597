/**
 * Turns the bytes of tokens into text as they come, whole UTF-8 characters only.
 *
 * The pieces joined are what decoding all bytes at once would give; invalid bytes become U+FFFD. Knows no tokens.
 */

export interface IncrementalDecoder {
  /** Text that is now complete. */
  push(bytes: Uint8Array): string;
  /** The rest; an unfinished character becomes U+FFFD. */
  flush(): string;
  /** True while an unfinished character is held back. */
  readonly pending: boolean;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Bytes at the end that begin a character and do not finish it, 0 to 3. */
export const unfinishedTail = (bytes: Uint8Array): number => {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const length =
      byte >= 0xf0 && byte < 0xf5 ? 4 : byte >= 0xe0 && byte < 0xf0 ? 3 : byte >= 0xc2 && byte < 0xe0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
};

export const decodeUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

export const createIncrementalDecoder = (): IncrementalDecoder => {
  let held: Uint8Array | null = null;
  return {
    get pending() {
      return held !== null;
    },
    push(bytes) {
      let all = bytes;
      if (held !== null) {
        all = new Uint8Array(held.length + bytes.length);
        all.set(held);
        all.set(bytes, held.length);
      }
      const tail = unfinishedTail(all);
      held = tail === 0 ? null : all.slice(all.length - tail);
      return decodeUtf8(tail === 0 ? all : all.subarray(0, all.length - tail));
    },
    flush() {
      const rest = held === null ? '' : decodeUtf8(held);
      held = null;
      return rest;
    },
  };
};
