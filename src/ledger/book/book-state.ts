/**
 * What a batch of bookings knows and changes: the rows that were read, the changes so far, and the writes that follow
 * from them. Mutable within one batch; knows no database and no rules.
 */
import type { SignedReceipt } from '../../trust/receipt.js';
import { formatSlots, parseSlots, type RateSlot } from '../rate-window.js';
import type { BookStatements } from '../sql/book-statements.js';
import type {
  BudgetMonthTable,
  BudgetTable,
  ChainTable,
  KeyTable,
  RateWindowTable,
  ReceiptTable,
  ReservationTable,
} from '../sql/schema.js';
import type { Query } from '../sql/statement.js';
import { scopesOf } from './book-types.js';

export interface BookRows {
  readonly head: readonly ChainTable[];
  readonly reservations: readonly ReservationTable[];
  readonly budgets: readonly BudgetTable[];
  readonly months: readonly BudgetMonthTable[];
  readonly limits: readonly Pick<KeyTable, 'id' | 'requests_per_minute' | 'tokens_per_minute'>[];
  readonly rates: readonly RateWindowTable[];
  readonly receipts: readonly ReceiptTable[];
}

export type MonthSums = Omit<BudgetMonthTable, 'budget_id' | 'month'>;

/** A budget with its sums of one month as they are now; changed by `saveSums` only. */
export interface MonthAccount {
  readonly budget: BudgetTable;
  readonly month: string;
  sums: MonthSums;
}

export interface ReceiptHead {
  readonly chain: string;
  readonly sequence: number;
  readonly digest: string | null;
}

export interface RateWindow {
  readonly scope: string;
  readonly slots: readonly RateSlot[];
}

export interface BookState {
  readonly limits: ReadonlyMap<string, Pick<KeyTable, 'requests_per_minute' | 'tokens_per_minute'>>;
  reservation(id: string): ReservationTable | undefined;
  addReservation(row: ReservationTable): void;
  removeReservation(id: string): void;
  /** The budgets that a request falls under, most particular first. */
  accounts(owner: {
    readonly keyId: string | null;
    readonly app: string | null;
    readonly month: string;
  }): readonly MonthAccount[];
  saveSums(account: MonthAccount, sums: MonthSums): void;
  /** The windows that a request counts in. */
  windows(owner: { readonly keyId: string | null; readonly app: string | null }): readonly RateWindow[];
  saveSlots(scope: string, slots: readonly RateSlot[]): void;
  /** A receipt that is there already, from before or from this batch. */
  receipt(id: string): { readonly row: ReceiptTable; readonly receipt: SignedReceipt | null } | undefined;
  head(): ReceiptHead;
  addReceipt(row: ReceiptTable, receipt: SignedReceipt): void;
  /** In the order in which they must run. */
  writes(): Query[];
}

const noSums: MonthSums = { spent_nano_usd: 0, reserved_nano_usd: 0, spent_tokens: 0, reserved_tokens: 0 };

export const createBookState = (rows: BookRows, statements: BookStatements): BookState => {
  const reservations = new Map(rows.reservations.map((row) => [row.id, row]));
  const added = new Map<string, ReservationTable>();
  const removed = new Set<string>();
  const budgets = new Map(rows.budgets.map((row) => [row.scope, row]));
  const accountKey = (budgetId: string, month: string): string => `${month} ${budgetId}`;
  const sumsRead = new Map(rows.months.map((row) => [accountKey(row.budget_id, row.month), row]));
  const accounts = new Map<string, MonthAccount>();
  const changedAccounts = new Set<MonthAccount>();
  /** Accounts by owner and month: a batch has few of these and many requests. */
  const accountsOf = new Map<string, MonthAccount[]>();
  const rates = new Map(rows.rates.map((row) => [row.scope, parseSlots(row.slots) as readonly RateSlot[]]));
  const changedRates = new Set<string>();
  const receipts = new Map<string, { readonly row: ReceiptTable; readonly receipt: SignedReceipt | null }>(
    rows.receipts.map((row) => [row.id, { row, receipt: null }]),
  );
  const newReceipts: ReceiptTable[] = [];
  let head: ReceiptHead | undefined = rows.head[0];

  /** One object for each budget and month, whoever asks for it. */
  const account = (budget: BudgetTable, month: string): MonthAccount => {
    const key = accountKey(budget.id, month);
    let one = accounts.get(key);
    if (one === undefined) {
      one = { budget, month, sums: sumsRead.get(key) ?? noSums };
      accounts.set(key, one);
    }
    return one;
  };

  return {
    limits: new Map(rows.limits.map((row) => [row.id, row])),
    reservation: (id) => reservations.get(id),
    addReservation(row) {
      reservations.set(row.id, row);
      added.set(row.id, row);
    },
    removeReservation(id) {
      reservations.delete(id);
      if (!added.delete(id)) removed.add(id);
    },
    accounts({ keyId, app, month }) {
      const owner = JSON.stringify([month, keyId, app]);
      let found = accountsOf.get(owner);
      if (found === undefined) {
        found = scopesOf(keyId, app).flatMap((scope) => {
          const budget = budgets.get(scope);
          return budget === undefined ? [] : [account(budget, month)];
        });
        accountsOf.set(owner, found);
      }
      return found;
    },
    saveSums(of, sums) {
      of.sums = sums;
      changedAccounts.add(of);
    },
    windows: ({ keyId, app }) =>
      rates.size === 0
        ? []
        : scopesOf(keyId, app).flatMap((scope) => {
            const slots = rates.get(scope);
            return slots === undefined ? [] : [{ scope, slots }];
          }),
    saveSlots(scope, slots) {
      rates.set(scope, slots);
      changedRates.add(scope);
    },
    receipt: (id) => receipts.get(id),
    head() {
      if (head === undefined) throw new Error('The ledger has no chain of receipts.');
      return head;
    },
    addReceipt(row, receipt) {
      receipts.set(row.id, { row, receipt });
      newReceipts.push(row);
      head = { chain: row.chain, sequence: row.sequence, digest: row.digest };
    },
    writes: () => [
      ...(removed.size === 0 ? [] : [statements.deleteReservations({ ids: [...removed] })]),
      ...statements.insertReservations([...added.values()]),
      ...[...changedAccounts].map(({ budget, month, sums }) =>
        statements.saveMonth({ ...sums, budget_id: budget.id, month }),
      ),
      ...[...changedRates].map((scope) => statements.saveRate({ scope, slots: formatSlots(rates.get(scope)!) })),
      ...statements.insertReceipts(newReceipts),
      ...(newReceipts.length === 0 ? [] : [statements.saveHead(newReceipts.at(-1)!)]),
    ],
  };
};
