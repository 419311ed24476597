/** What SQLite says went wrong, in the ledger's words. */
import { LedgerError } from '../ledger-error.js';

/** Primary result codes (https://www.sqlite.org/rescode.html); the extended ones have them in their low byte. */
const primary = {
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const;

const primaryOf = (error: unknown): number | null => {
  const rawCode = (error as { rawCode?: unknown } | null)?.rawCode;
  return typeof rawCode === 'number' ? rawCode & 0xff : null;
};

export const isBusy = (error: unknown): boolean => {
  const code = primaryOf(error);
  return code === primary.busy || code === primary.locked;
};

/** A LedgerError for what the database or its disk did; anything else, which is a fault of ours, as it is. */
export const sqliteFailure = (error: unknown, action: string): Error => {
  if (error instanceof LedgerError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const failure = (code: LedgerError['code'], reason: string): LedgerError =>
    new LedgerError(code, `Cannot ${action}: ${reason} (${message}).`, { cause: error });
  switch (primaryOf(error)) {
    case primary.full:
      return failure('disk-full', 'the disk or the database is full');
    case primary.busy:
    case primary.locked:
      return failure('unavailable', 'other processes hold the ledger');
    case primary.corrupt:
    case primary.notADatabase:
      return failure('damaged', 'the file is no whole SQLite database');
    case primary.readOnly:
    case primary.ioError:
    case primary.cannotOpen:
    case primary.noMemory:
      return failure('unavailable', 'the file cannot be read or written');
    default:
      // libsql has no code for a file that it cannot open; the system's errors have one of their own.
      if (/^ConnectionFailed|unable to open/i.test(message)) return failure('unavailable', 'the file cannot be opened');
      if (typeof (error as NodeJS.ErrnoException | null)?.syscall === 'string')
        return failure('unavailable', 'the file cannot be reached');
      return error instanceof Error ? error : new Error(message);
  }
};
