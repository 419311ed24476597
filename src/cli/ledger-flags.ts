/** The flags of commands that use the ledger, and the ledger that they mean. */
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { BudgetRecord, KeyRecord, Ledger } from '../ledger/ledger.js';
import { LedgerError } from '../ledger/ledger-error.js';
import { parseUsd } from '../ledger/money.js';
import { dataFolder } from '../models/registry.js';
import { warn } from './terminal.js';

export interface LedgerFlags {
  readonly ledger?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** Where the ledger is when nothing else is said: a SQLite file in the data folder. */
export const defaultLedgerUrl = (): string => `sqlite:${join(dataFolder(), 'ledger.db')}`;

/** The key that signs this machine's receipts, whichever database they go to. */
export const receiptKeyPath = (): string => join(dataFolder(), 'receipt-key.pem');

export const addLedgerFlags = (command: Command): Command =>
  command
    .option('--ledger <url>', 'sqlite:PATH or postgres://... (default: that of the configuration)')
    .option('--config <file>', 'the configuration (default: spillway.config.* in this folder, if there is one)')
    .option('--json', 'print as JSON');

/** The ledger that `serve` would use here. */
const ledgerUrl = async (flags: LedgerFlags): Promise<string> => {
  if (flags.ledger !== undefined) return flags.ledger;
  const { findConfig } = await import('./find-config.js');
  const config = await findConfig(flags.config, warn);
  return config?.ledger.url ?? defaultLedgerUrl();
};

/** Opens the ledger for one action and closes it after. */
export const withLedger = async <T>(flags: LedgerFlags, action: (ledger: Ledger) => Promise<T>): Promise<T> => {
  const { openLedger } = await import('../ledger/open-ledger.js');
  const ledger = await openLedger({ url: await ledgerUrl(flags), signingKeyPath: receiptKeyPath() });
  try {
    return await action(ledger);
  } finally {
    await ledger.close();
  }
};

/** The key of this id or, if only one has it, of this name. Throws LedgerError `key-unknown`. */
export const findKey = (keys: readonly KeyRecord[], idOrName: string): KeyRecord => {
  const byId = keys.find(({ id }) => id === idOrName);
  if (byId !== undefined) return byId;
  const named = keys.filter(({ name, revokedMs }) => name === idOrName && revokedMs === null);
  if (named.length === 1) return named[0]!;
  throw new LedgerError(
    'key-unknown',
    named.length === 0
      ? `There is no key "${idOrName}"; \`spillway keys list\` shows them.`
      : `Several keys are called "${idOrName}"; name one by its id: ${named.map(({ id }) => id).join(', ')}.`,
  );
};

/** `key website`, `app web` or `everything`. */
export const budgetSubject = (
  { keyId, app }: Pick<BudgetRecord, 'keyId' | 'app'>,
  keys: readonly KeyRecord[],
): string => {
  if (keyId !== null) return `key ${keys.find(({ id }) => id === keyId)?.name ?? keyId}`;
  return app === null ? 'everything' : `app ${app}`;
};

/** Text that came with requests, without what a terminal would obey. */
export const plain = (text: string): string => text.replace(/\p{Cc}/gu, '\ufffd');

/** Dollars as somebody types them, in nanodollars. */
export const usdAmount = (text: string): number => {
  const nanoUsd = parseUsd(text);
  if (nanoUsd === null)
    throw new InvalidArgumentError('It must be an amount in dollars up to 9007199 with at most nine decimals: 12.50');
  return nanoUsd;
};

export const dateText = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ');

/** A day (`2026-03-09`), a month (`2026-03`) or an ISO time, in UTC; the span of time that it means. */
export const parseTime = (text: string): { readonly fromMs: number; readonly untilMs: number } => {
  const month = /^(\d{4})-(\d{2})$/.exec(text);
  const fromMs = Date.parse(month === null ? text : `${text}-01`);
  if (!/^\d{4}-\d{2}/.test(text) || Number.isNaN(fromMs) || fromMs < 0)
    throw new InvalidArgumentError('It must be a month (2026-03), a day (2026-03-09) or a time (2026-03-09T12:00Z).');
  if (month !== null) return { fromMs, untilMs: Date.UTC(Number(month[1]), Number(month[2])) };
  return { fromMs, untilMs: /^\d{4}-\d{2}-\d{2}$/.test(text) ? fromMs + 86_400_000 : fromMs };
};
