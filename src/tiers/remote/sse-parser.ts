/**
 * Server-sent events out of bytes that arrive in any pieces (WHATWG HTML, section 9.2.6): LF, CR and CRLF, comments,
 * several data lines, a byte order mark, and a limit on the size of one event.
 *
 * Works on bytes, because a line's ends are never part of a longer UTF-8 character: each data line is decoded once, and
 * only a line that is cut between two pieces is copied. Knows nothing of what the data says; `id` and `retry` are
 * ignored, since nothing here reconnects.
 */

export interface SseParserOptions {
  /** Data and unfinished line of one event together; default 4 MiB. */
  readonly maxEventBytes?: number | undefined;
  /** `event` is empty where the stream names none. */
  readonly onEvent: (event: string, data: string) => void;
  /** Makes what is thrown when an event is larger than `limitBytes`. */
  readonly tooLarge: (limitBytes: number) => Error;
}

export interface SseParser {
  /** Calls `onEvent` for each event that these bytes complete. An unfinished one at the end of a stream is nothing. */
  push(bytes: Uint8Array): void;
}

const defaultMaxEventBytes = 4 * 1024 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const colon = 0x3a;
const space = 0x20;

/** True where the bytes at `start` are this field name, alone or with its colon. */
const isField = (bytes: Buffer, range: { readonly start: number; readonly end: number; readonly name: string }) => {
  const { start, end, name } = range;
  const after = start + name.length;
  if (after > end || (after < end && bytes[after] !== colon)) return false;
  for (let at = 0; at < name.length; at++) if (bytes[start + at] !== name.charCodeAt(at)) return false;
  return true;
};

export const createSseParser = (options: SseParserOptions): SseParser => {
  const { onEvent, tooLarge } = options;
  const maxEventBytes = options.maxEventBytes ?? defaultMaxEventBytes;
  let event = '';
  /** Null until the event has a data line. */
  let data: string | null = null;
  let dataBytes = 0;
  /** The beginning of a line whose end has not come; doubles as it grows, so that tiny pieces cost no more. */
  let pending = Buffer.alloc(0);
  let pendingBytes = 0;
  let atStart = true;
  /** The last piece ended with CR: an LF that follows belongs to it. */
  let afterCarriageReturn = false;

  const hold = (bytes: Buffer, start: number): void => {
    const size = pendingBytes + bytes.length - start;
    if (dataBytes + size > maxEventBytes) throw tooLarge(maxEventBytes);
    if (size > pending.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(256, size, pending.length * 2));
      pending.copy(larger, 0, 0, pendingBytes);
      pending = larger;
    }
    bytes.copy(pending, pendingBytes, start);
    pendingBytes = size;
  };

  const fieldValue = (bytes: Buffer, from: number, end: number): string => {
    const start = from < end && bytes[from] === space ? from + 1 : from;
    return start >= end ? '' : bytes.toString('utf8', start, end);
  };

  const readLine = (bytes: Buffer, from: number, end: number): void => {
    let start = from;
    if (atStart) {
      atStart = false;
      if (bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf && end - start >= 3)
        start += 3;
    }
    if (start === end) {
      const complete = data;
      const name = event;
      data = null;
      dataBytes = 0;
      event = '';
      if (complete !== null) onEvent(name, complete);
    } else if (isField(bytes, { start, end, name: 'data' })) {
      dataBytes += end - start;
      if (dataBytes > maxEventBytes) throw tooLarge(maxEventBytes);
      const value = fieldValue(bytes, start + 5, end);
      data = data === null ? value : `${data}\n${value}`;
    } else if (isField(bytes, { start, end, name: 'event' })) event = fieldValue(bytes, start + 6, end);
  };

  return {
    push(piece) {
      const bytes = Buffer.isBuffer(piece) ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
      if (bytes.length === 0) return;
      let at = afterCarriageReturn && bytes[0] === lineFeed ? 1 : 0;
      afterCarriageReturn = false;
      // Streams without CR, which are nearly all, are searched for it once per piece and not once per line.
      let nextReturn = bytes.indexOf(carriageReturn, at);
      while (at < bytes.length) {
        if (nextReturn >= 0 && nextReturn < at) nextReturn = bytes.indexOf(carriageReturn, at);
        const nextFeed = bytes.indexOf(lineFeed, at);
        const end = nextReturn < 0 || (nextFeed >= 0 && nextFeed < nextReturn) ? nextFeed : nextReturn;
        if (end < 0) {
          hold(bytes, at);
          return;
        }
        let next = end + 1;
        if (bytes[end] === carriageReturn) {
          if (next === bytes.length) afterCarriageReturn = true;
          else if (bytes[next] === lineFeed) next++;
        }
        if (pendingBytes > 0) {
          hold(bytes.subarray(0, end), at);
          const length = pendingBytes;
          pendingBytes = 0;
          readLine(pending, 0, length);
        } else readLine(bytes, at, end);
        at = next;
      }
    },
  };
};
