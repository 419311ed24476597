/** `spillway budget`: how much a key, an app or everything together may spend in a calendar month (UTC). */
import { type Command, Option } from 'commander';
import type { BudgetState, KeyRecord } from '../ledger/ledger.js';
import { formatUsd } from '../ledger/money.js';
import { wholeNumber } from './engine-options.js';
import {
  addLedgerFlags,
  budgetSubject,
  findKey,
  type LedgerFlags,
  plain,
  usdAmount,
  withLedger,
} from './ledger-flags.js';
import { formatTable, print, printJson } from './terminal.js';

interface SetFlags extends LedgerFlags {
  readonly key?: string;
  readonly app?: string;
  /** Nanodollars. */
  readonly usd?: number;
  readonly tokens?: number;
}

const set = async (flags: SetFlags): Promise<void> => {
  const { budget, keys } = await withLedger(flags, async (ledger) => {
    const known = await ledger.listKeys();
    const made = await ledger.setBudget({
      keyId: flags.key === undefined ? null : findKey(known, flags.key).id,
      app: flags.app ?? null,
      perMonthNanoUsd: flags.usd ?? null,
      perMonthTokens: flags.tokens ?? null,
    });
    return { budget: made, keys: known };
  });
  if (flags.json === true) {
    printJson(budget);
    return;
  }
  const limits = [
    ...(budget.perMonthNanoUsd === null ? [] : [`${formatUsd(budget.perMonthNanoUsd)} USD`]),
    ...(budget.perMonthTokens === null ? [] : [`${budget.perMonthTokens} tokens`]),
  ];
  print(`Budget ${budget.id}: ${limits.join(' and ')} per month for ${plain(budgetSubject(budget, keys))}.`);
};

const rowOf = (budget: BudgetState, keys: readonly KeyRecord[]): string[] => [
  budget.id,
  plain(budgetSubject(budget, keys)),
  budget.month,
  budget.perMonthNanoUsd === null ? '-' : formatUsd(budget.perMonthNanoUsd),
  formatUsd(budget.spentNanoUsd),
  formatUsd(budget.reservedNanoUsd),
  String(budget.perMonthTokens ?? '-'),
  String(budget.spentTokens),
  String(budget.reservedTokens),
];

const header = ['ID', 'FOR', 'MONTH', 'USD', 'SPENT', 'RESERVED', 'TOKENS', 'SPENT', 'RESERVED'];

const list = async (flags: LedgerFlags): Promise<void> => {
  const { budgets, keys } = await withLedger(flags, async (ledger) => ({
    budgets: await ledger.budgets(),
    keys: await ledger.listKeys(),
  }));
  if (flags.json === true) printJson(budgets);
  else if (budgets.length === 0) print('There are no budgets. Set one with `spillway budget set --usd AMOUNT`.');
  else
    print(
      formatTable(
        header,
        budgets.map((budget) => rowOf(budget, keys)),
      ),
    );
};

const remove = async (id: string, flags: LedgerFlags): Promise<void> => {
  await withLedger(flags, (ledger) => ledger.removeBudget(id));
  if (flags.json === true) printJson({ removed: id });
  else print(`Budget ${id} is removed.`);
};

export const addBudgetCommand = (program: Command): void => {
  const budget = program.command('budget').description('set, list and remove monthly budgets');
  addLedgerFlags(
    budget
      .command('set')
      .description('set or replace the budget of a key, of an app or, with neither, of everything')
      .addOption(new Option('--key <id|name>', 'the key').conflicts('app'))
      .option('--app <name>', 'the app')
      .option('--usd <amount>', 'dollars per month', usdAmount)
      .option('--tokens <n>', 'tokens per month', wholeNumber(0, Number.MAX_SAFE_INTEGER)),
  ).action(set);
  addLedgerFlags(budget.command('list').description("list the budgets with this month's sums")).action(list);
  addLedgerFlags(
    budget.command('remove').description('remove a budget').argument('<id>', 'as `spillway budget list` shows it'),
  ).action(remove);
};
