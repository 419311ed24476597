/**
 * Bytes of a request body to a JSON value: UTF-8 checked, nesting bounded before anything is built, a clear error for
 * the rest. Knows no schema.
 */
import { isUtf8 } from 'node:buffer';
import { invalidParameter, ServerError } from './server-error.js';

const quote = 0x22;
const backslash = 0x5c;

/** True when `bytes` nest objects and arrays deeper than `limit`; text inside strings does not count. */
export const nestsDeeperThan = (bytes: Buffer, limit: number): boolean => {
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > limit) return true;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth--;
        break;
      case quote: {
        let end = at;
        let escapes: number;
        do {
          end = bytes.indexOf(quote, end + 1);
          if (end < 0) return false; // an open string: JSON.parse says so better
          escapes = 0;
          while (bytes[end - 1 - escapes] === backslash) escapes++;
        } while (escapes % 2 === 1);
        at = end;
        break;
      }
      default:
    }
  }
  return false;
};

/** Parses a body; throws `invalid-json` or, past `maxDepth`, `invalid-parameter`. */
export const parseJsonBody = (bytes: Buffer, maxDepth: number): unknown => {
  if (bytes.length === 0)
    throw new ServerError('invalid-json', 'Cannot read the body as JSON: it is empty, a JSON object is expected');
  if (!isUtf8(bytes)) throw new ServerError('invalid-json', 'Cannot read the body as JSON: it is not valid UTF-8');
  if (nestsDeeperThan(bytes, maxDepth))
    throw invalidParameter(
      'body',
      `Invalid body: JSON nested too deep. Expected at most ${maxDepth} levels of objects and arrays.`,
      'json_too_deep',
    );
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new ServerError('invalid-json', `Cannot read the body as JSON: ${(cause as SyntaxError).message}`, { cause });
  }
};
