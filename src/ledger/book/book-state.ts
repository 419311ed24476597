/**
 * What a batch of bookings knows and changes: the rows that were read, the changes so far, and the writes that follow
 * from them. Mutable within one batch; knows no database and no rules.
 */
import { signBatch } from '../../trust/sign-receipt.js';
import type { SigningKey } from '../../trust/signing-key.js';
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

/** A receipt at its place in the chain, not signed yet. */
export type PlacedReceipt = Omit<ReceiptTable, 'signer' | 'signature' | 'proof'>;

export interface BookState {
  readonly limits: ReadonlyMap<string, Pick<KeyTable, 'requests_per_minute' | 'tokens_per_minute'>>;
  reservation(id: string): ReservationTable | undefined;
  addReservation(row: ReservationTable): void;
  /** Sets amounts of one that is there. */
  changeReservation(row: ReservationTable): void;
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
  /** The body of a receipt that is there already, from before or from this batch. */
  receiptText(id: string): string | undefined;
  head(): ReceiptHead;
  addReceipt(receipt: PlacedReceipt): void;
  /** In the order in which they must run; the receipts signed together. */
  writes(key: SigningKey): Query[];
}

const noSums: MonthSums = { spent_nano_usd: 0, reserved_nano_usd: 0, spent_tokens: 0, reserved_tokens: 0 };

export const createBookState = (rows: BookRows, statements: BookStatements): BookState => {
  const reservations = new Map(rows.reservations.map((row) => [row.id, row]));
  /** Those that the database has. */
  const readIds: ReadonlySet<string> = new Set(reservations.keys());
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
  const receiptTexts = new Map(rows.receipts.map(({ id, body }) => [id, body]));
  const newReceipts: PlacedReceipt[] = [];
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
    changeReservation(row) {
      reservations.set(row.id, row);
      if (readIds.has(row.id)) removed.add(row.id);
      added.set(row.id, row);
    },
    removeReservation(id) {
      reservations.delete(id);
      added.delete(id);
      if (readIds.has(id)) removed.add(id);
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
    receiptText: (id) => receiptTexts.get(id),
    head() {
      if (head === undefined) throw new Error('The ledger has no chain of receipts.');
      return head;
    },
    addReceipt(receipt) {
      receiptTexts.set(receipt.id, receipt.body);
      newReceipts.push(receipt);
      head = { chain: receipt.chain, sequence: receipt.sequence, digest: receipt.digest };
    },
    writes: (key) => [
      ...(removed.size === 0 ? [] : [statements.deleteReservations({ ids: [...removed] })]),
      ...statements.insertReservations([...added.values()]),
      ...[...changedAccounts].map(({ budget, month, sums }) =>
        statements.saveMonth({ ...sums, budget_id: budget.id, month }),
      ),
      ...[...changedRates].map((scope) => statements.saveRate({ scope, slots: formatSlots(rates.get(scope)!) })),
      ...(newReceipts.length === 0
        ? []
        : [...statements.insertReceipts(signedRows(newReceipts, key)), statements.saveHead(newReceipts.at(-1)!)]),
    ],
  };
};

const signedRows = (receipts: readonly PlacedReceipt[], key: SigningKey): ReceiptTable[] => {
  const { signature, proofs } = signBatch(
    receipts.map(({ digest }) => digest),
    key,
  );
  return receipts.map((receipt, index) => ({
    ...receipt,
    signer: key.id,
    signature,
    proof: JSON.stringify(proofs[index]!),
  }));
};
