/**
 * Reads HTTP/1.1 answers off a socket's bytes: status, and where the body ends. No more than a load generator needs.
 */

export interface AnswerEnd {
  readonly status: number;
  readonly bodyBytes: number;
  /** The body's last bytes, for a look at how it ended. */
  readonly tail: string;
  /** The whole body of an answer that is no 200; at most 2,000 bytes. */
  readonly failure: string;
}

const headEnd = Buffer.from('\r\n\r\n');

/** `onAnswer` is called once for each answer, in order. */
export const createHttpReader = (onAnswer: (answer: AnswerEnd) => void): ((bytes: Buffer) => void) => {
  let head: Buffer | null = Buffer.alloc(0);
  let status = 0;
  let bodyBytes = 0;
  let tail: Buffer = Buffer.alloc(0);
  let failure = '';
  /** Bytes left of the body, or of the current chunk with its line end; -1: a chunk's size comes next. */
  let left = 0;
  let chunked = false;
  let line = '';
  let lastChunk = false;

  const finish = (): void => {
    const answer = { status, bodyBytes, tail: tail.toString('latin1'), failure };
    head = Buffer.alloc(0);
    onAnswer(answer);
  };

  const body = (part: Buffer): void => {
    bodyBytes += part.length;
    tail = part.length >= 32 ? part.subarray(part.length - 32) : Buffer.concat([tail, part]).subarray(-32);
    if (status !== 200 && failure.length < 2000) failure += part.toString('utf8');
  };

  const startBody = (text: string): void => {
    status = Number(text.slice(9, 12));
    bodyBytes = 0;
    tail = Buffer.alloc(0);
    failure = '';
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
    chunked = length === undefined;
    if (chunked && !/\r\ntransfer-encoding: *chunked/i.test(text)) throw new Error('An answer without a length');
    left = chunked ? -1 : Number(length);
    line = '';
    lastChunk = false;
  };

  return (bytes) => {
    let at = 0;
    while (at < bytes.length || (head === null && !chunked && left === 0)) {
      if (head !== null) {
        const joined = head.length === 0 ? bytes.subarray(at) : Buffer.concat([head, bytes.subarray(at)]);
        const end = joined.indexOf(headEnd);
        if (end < 0) {
          head = Buffer.from(joined);
          return;
        }
        at += end + 4 - head.length;
        head = null;
        startBody(joined.toString('latin1', 0, end + 2));
        continue;
      }
      if (!chunked) {
        const take = Math.min(left, bytes.length - at);
        if (take > 0) body(bytes.subarray(at, at + take));
        at += take;
        left -= take;
        if (left === 0) finish();
        else return;
        continue;
      }
      if (left === -1) {
        const end = bytes.indexOf(10, at);
        line += bytes.toString('latin1', at, end < 0 ? bytes.length : end + 1);
        at = end < 0 ? bytes.length : end + 1;
        if (end < 0) return;
        const size = Number.parseInt(line, 16);
        line = '';
        lastChunk = size === 0;
        left = size + 2;
        continue;
      }
      const take = Math.min(left, bytes.length - at);
      const ofBody = Math.min(take, Math.max(0, left - 2));
      if (ofBody > 0) body(bytes.subarray(at, at + ofBody));
      at += take;
      left -= take;
      if (left > 0) return;
      left = -1;
      if (lastChunk) finish();
    }
  };
};
