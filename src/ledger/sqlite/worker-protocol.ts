/** What passes between the server's thread and the ones that hold the ledger's file. Data only. */
import type { ActionName } from '../actions/actions.js';
import type { BookOperation } from '../book/book-types.js';
import type { LedgerErrorCode } from '../ledger-error.js';

export interface WorkerSettings {
  readonly path: string;
  readonly signingKeyPath: string;
  readonly busyMs: number;
  readonly maxPages?: number;
  /** A thread beside the one that books moves the log into the database. */
  readonly checkpointsApart?: boolean;
}

export type WorkerRequest =
  | { readonly id: number; readonly type: 'book'; readonly operation: BookOperation }
  | { readonly id: number; readonly type: 'run'; readonly name: ActionName; readonly args: unknown }
  | { readonly id: number; readonly type: 'connect' }
  /** The last one: the file is closed and the thread ends. */
  | { readonly id: number; readonly type: 'close' };

/** `code` null: no LedgerError, a fault of ours. */
export interface WorkerFailure {
  readonly code: LedgerErrorCode | null;
  readonly message: string;
  readonly stack: string | undefined;
}

export type WorkerResponse =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: WorkerFailure };
