/** `spillway usage`: what was used and what it cost, added up from the receipts. */
import { type Command, InvalidArgumentError } from 'commander';
import type { KeyRecord, UsageQuery, UsageRow } from '../ledger/ledger.js';
import { formatUsd } from '../ledger/money.js';
import { addLedgerFlags, dateText, type LedgerFlags, parseTime, plain, withLedger } from './ledger-flags.js';
import { formatTable, print, printJson } from './terminal.js';

type Group = UsageQuery['by'][number];

interface UsageFlags extends LedgerFlags {
  readonly by: readonly Group[];
  readonly from?: ReturnType<typeof parseTime>;
  readonly to?: ReturnType<typeof parseTime>;
}

const groups = ['key', 'app', 'model', 'tier', 'day', 'month'] as const satisfies readonly Group[];

const groupNames = (text: string): Group[] => {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unknown = names.find((name) => !groups.includes(name as Group));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`It must be some of ${groups.join(', ')}, with commas; there is no "${unknown}".`);
  return names as Group[];
};

/** `keys` give keys their names. */
const table = (
  rows: readonly UsageRow[],
  { by, keys }: { readonly by: readonly Group[]; readonly keys: readonly KeyRecord[] },
): string => {
  const cell = (name: Group, value: string | null): string => {
    if (value === null) return '-';
    return plain(name === 'key' ? (keys.find(({ id }) => id === value)?.name ?? value) : value);
  };
  return formatTable(
    [...by.map((name) => name.toUpperCase()), 'REQUESTS', 'PROMPT TOKENS', 'ANSWER TOKENS', 'USD'],
    rows.map((row) => [
      ...by.map((name) => cell(name, row.group[name] ?? null)),
      String(row.requests),
      String(row.promptTokens),
      String(row.completionTokens),
      formatUsd(row.nanoUsd),
    ]),
  );
};

const usage = async (flags: UsageFlags): Promise<void> => {
  const now = new Date();
  const query = {
    fromMs: flags.from?.fromMs ?? Date.UTC(now.getUTCFullYear(), now.getUTCMonth()),
    toMs: flags.to?.untilMs ?? now.getTime() + 1,
    by: flags.by,
  };
  const { rows, keys } = await withLedger(flags, async (ledger) => ({
    rows: await ledger.usage(query),
    keys: flags.by.includes('key') ? await ledger.listKeys() : [],
  }));
  if (flags.json === true) {
    printJson({ ...query, rows });
    return;
  }
  const span = `from ${dateText(query.fromMs)} to ${dateText(query.toMs)} UTC`;
  if (rows.length === 0) print(`Nothing was used ${span}.`);
  else print(`${table(rows, { by: flags.by, keys })}\n\nUsed ${span}.`);
};

export const addUsageCommand = (program: Command): void => {
  addLedgerFlags(
    program
      .command('usage')
      .description('add up requests, tokens and cost')
      .option('--by <names>', `group by some of ${groups.join(', ')}, with commas`, groupNames, [
        'month',
        'model',
      ] as Group[])
      .option('--from <time>', 'a month, a day or a time, UTC (default: this month)', parseTime)
      .option('--to <time>', 'likewise, a month or day being included (default: now)', parseTime),
  ).action(usage);
};
