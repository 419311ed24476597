/** What PostgreSQL, or the way to it, says went wrong, in the ledger's words. */
import { LedgerError } from '../ledger-error.js';

/**
 * SQLSTATE codes (https://www.postgresql.org/docs/current/errcodes-appendix.html): of those here, and of whole classes,
 * the first two characters.
 */
const away = new Set([
  // Shutting down, starting up, too many connections, cancelled by a time limit, waited too long for a lock.
  '57P01',
  '57P02',
  '57P03',
  '57P05',
  '57014',
  '53300',
  '53200',
  '55P03',
  '25006',
  '25P03',
]);
/** Connection exception, invalid authorization, invalid database, operator intervention, system error (outside). */
const awayClasses = new Set(['08', '28', '3D', '58']);
/** The server ended the session: shutting down, crashed, starting up. */
const lostConnection = new Set(['57P01', '57P02', '57P03']);
const repeatable = new Set(['40001', '40P01']);

const codeOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
};

/** A code of the system (EPIPE), not of Node's own errors (ERR_INVALID_ARG_TYPE), which are faults of ours. */
const isSystemCode = (code: string): boolean => /^E(?!RR_)[A-Z0-9]+$/.test(code);

/** Rolled back because of others: the same again may succeed. */
export const isRepeatable = (error: unknown): boolean => repeatable.has(codeOf(error));

/** The table or its schema is not there. */
export const isMissingTable = (error: unknown): boolean => ['42P01', '3F000'].includes(codeOf(error));

/** The database did not answer in time: asking again at once would only wait as long again. */
export const isTimeout = (error: unknown): boolean =>
  error instanceof Error && /^Query read timeout/.test(error.message);

/** The connection did not come about, or is no longer one. */
export const isConnectionFailure = (error: unknown): boolean => {
  if (error instanceof LedgerError || !(error instanceof Error)) return false;
  const code = codeOf(error);
  if (code === '') return error instanceof AggregateError || /connection|timeout|not queryable/i.test(error.message);
  return isSystemCode(code) || code.startsWith('08') || lostConnection.has(code);
};

/** A LedgerError for what the database or the network did; anything else, which is a fault of ours, as it is. */
export const postgresFailure = (error: unknown, action: string): Error => {
  if (error instanceof LedgerError) return error;
  const message = error instanceof Error && error.message !== '' ? error.message : codeOf(error) || String(error);
  const failure = (code: LedgerError['code'], reason: string): LedgerError =>
    new LedgerError(code, `Cannot ${action}: ${reason} (${message}).`, { cause: error });
  const code = codeOf(error);
  if (code === '53100') return failure('disk-full', "the database's disk is full");
  if (code === 'XX001' || code === 'XX002') return failure('damaged', 'the database is damaged');
  if (isRepeatable(error)) return failure('unavailable', 'others kept changing the same rows');
  if (away.has(code) || awayClasses.has(code.slice(0, 2)) || isConnectionFailure(error))
    return failure('unavailable', 'the database is away');
  return error instanceof Error ? error : new Error(message);
};
