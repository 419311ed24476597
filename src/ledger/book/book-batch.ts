/**
 * A batch of bookings as one step: what to read for it, each operation in the order in which it came, what to write.
 * One that is refused leaves the others as they are.
 */

import type { SigningKey } from '../../trust/signing-key.js';
import { TrustError } from '../../trust/trust-error.js';
import { LedgerError } from '../ledger-error.js';
import { monthOf } from '../month.js';
import type { BookScope, BookStatements } from '../sql/book-statements.js';
import type { Dialect } from '../sql/dialect.js';
import { createStep, type Step } from '../sql/step.js';
import { type BookState, createBookState } from './book-state.js';
import { type BookOperation, type BookResult, scopesOf } from './book-types.js';
import { lease, raise, reserve } from './reserve.js';
import { release, settle } from './settle.js';

export interface BookContext {
  readonly dialect: Dialect;
  readonly statements: BookStatements;
  /** Opened at the first use; throws TrustError. */
  readonly signingKey: () => SigningKey;
}

interface BatchScope extends BookScope {
  readonly reservationIds: readonly string[];
  readonly keyIds: readonly string[];
  readonly receiptIds: readonly string[];
}

/** What the operations touch, each once and sorted. */
const scopeOf = (operations: readonly BookOperation[]): BatchScope => {
  const reservedIds = new Set<string>();
  const raisedIds = new Set<string>();
  const settledIds = new Set<string>();
  const releasedIds = new Set<string>();
  const scopes = new Set<string>(['all']);
  const months = new Set<string>();
  const keyIds = new Set<string>();
  const receiptIds = new Set<string>();
  const addOwner = (keyId: string | null, app: string | null): void => {
    for (const scope of scopesOf(keyId, app)) scopes.add(scope);
    if (keyId !== null) keyIds.add(keyId);
  };
  for (const operation of operations)
    switch (operation.type) {
      case 'reserve':
      case 'lease':
        reservedIds.add(operation.reservation.id);
        addOwner(operation.reservation.keyId, operation.reservation.app);
        months.add(monthOf(operation.nowMs));
        break;
      case 'raise':
        raisedIds.add(operation.reservation.id);
        addOwner(operation.reservation.keyId, operation.reservation.app);
        months.add(monthOf(operation.nowMs));
        break;
      case 'settle':
        settledIds.add(operation.booking.reservationId);
        for (const one of scopesOf(operation.booking.keyId, operation.booking.app)) scopes.add(one);
        months.add(monthOf(operation.booking.startedMs));
        receiptIds.add(operation.booking.receiptId);
        break;
      case 'release':
        releasedIds.add(operation.reservationId);
        break;
      default:
        operation satisfies never;
    }
  return {
    reservationIds: [...new Set([...reservedIds, ...raisedIds, ...settledIds, ...releasedIds])].sort(),
    bookedIds: [...new Set([...raisedIds, ...settledIds, ...releasedIds])].sort(),
    releasedIds: [...releasedIds].sort(),
    scopes: [...scopes].sort(),
    months: [...months].sort(),
    keyIds: [...keyIds].sort(),
    receiptIds: [...receiptIds].sort(),
  };
};

/** Throws LedgerError `signing-key`, so that requests are refused before they run rather than left without receipts. */
const openKey = (context: BookContext): SigningKey => {
  try {
    return context.signingKey();
  } catch (error) {
    if (error instanceof TrustError) throw new LedgerError('signing-key', error.message, { cause: error });
    throw error;
  }
};

const apply = (state: BookState, operation: BookOperation): BookResult => {
  try {
    switch (operation.type) {
      case 'reserve':
        return { type: 'reserve', outcome: reserve(state, operation) };
      case 'lease':
        return { type: 'lease', granted: lease(state, operation) };
      case 'raise':
        return { type: 'raise', outcome: raise(state, operation) };
      case 'settle':
        settle(state, operation.booking);
        return { type: 'settle' };
      case 'release':
        return { type: 'release', released: release(state, operation) };
      default:
        return operation satisfies never;
    }
  } catch (error) {
    if (error instanceof LedgerError) return { type: 'failed', error };
    throw error;
  }
};

/** One result for each operation, in their order. */
export const bookBatch = (operations: readonly BookOperation[], context: BookContext): Step<BookResult[]> => {
  const { dialect, statements } = context;
  const key = openKey(context);
  const scope = scopeOf(operations);
  const { reservationIds, keyIds, receiptIds } = scope;
  const settles = receiptIds.length > 0;
  return createStep(
    {
      head: settles ? statements.head({}) : undefined,
      reservations: statements.reservations({ ids: reservationIds }),
      budgetsTable: dialect.locksRows ? statements.budgetsTable({}) : undefined,
      budgets: statements.budgets(scope),
      months: statements.months(scope),
      limits: keyIds.length > 0 ? statements.limits({ keyIds }) : undefined,
      rates: statements.rates(scope),
      receipts: settles ? statements.receipts({ ids: receiptIds }) : undefined,
    },
    (rows) => {
      const state = createBookState(rows, statements);
      const result = operations.map((operation) => apply(state, operation));
      const signer = { id: key.id, public_key: key.publicKeyPem };
      return { result, writes: [...(settles ? [statements.insertSigner(signer)] : []), ...state.writes(key)] };
    },
  );
};
