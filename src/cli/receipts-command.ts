/** `spillway receipts`: the signed records of finished requests, and whether they are whole. */
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import type { Ledger } from '../ledger/ledger.js';
import { LedgerError } from '../ledger/ledger-error.js';
import { formatUsd } from '../ledger/money.js';
import type { SignedReceipt } from '../trust/receipt.js';
import { publicKeyPath } from '../trust/signing-key.js';
import { type ChainFault, type ChainHead, type ChainReport, verifyChain } from '../trust/verify-chain.js';
import { collect, wholeNumber } from './engine-options.js';
import { addLedgerFlags, dateText, type LedgerFlags, plain, receiptKeyPath, withLedger } from './ledger-flags.js';
import { formatTable, print, printJson } from './terminal.js';

interface ListFlags extends LedgerFlags {
  readonly after?: number;
  readonly limit: number;
}

interface VerifyFlags extends LedgerFlags {
  readonly publicKey?: readonly string[];
  readonly head?: ChainHead;
  readonly partial?: boolean;
}

/** Receipts that are read and checked in one go. */
const pageLength = 2_000;

const rowOf = ({ body, sequence }: SignedReceipt): string[] => [
  String(sequence),
  plain(body.id),
  dateText(body.endedMs),
  body.tier,
  plain(body.model),
  body.outcome,
  `${body.promptTokens}+${body.completionTokens}`,
  formatUsd(body.costNanoUsd),
];

const list = async (flags: ListFlags): Promise<void> => {
  const { after, limit } = flags;
  const receipts = await withLedger(flags, (ledger) =>
    ledger.receipts({ limit, ...(after === undefined ? {} : { after }) }),
  );
  if (flags.json === true) printJson(receipts);
  else if (receipts.length === 0) print('There are no receipts here.');
  else {
    print(formatTable(['NUMBER', 'ID', 'ENDED', 'TIER', 'MODEL', 'OUTCOME', 'TOKENS', 'USD'], receipts.map(rowOf)));
    if (receipts.length === limit) print(`\nMore with --after ${receipts.at(-1)!.sequence}`);
  }
};

const show = async (id: string, flags: LedgerFlags): Promise<void> => {
  const receipt = await withLedger(flags, (ledger) => ledger.receipt(id));
  if (receipt === null) throw new LedgerError('invalid', `There is no receipt "${id}".`);
  if (flags.json === true) {
    printJson(receipt);
    return;
  }
  const { body, ...seal } = receipt;
  for (const [name, value] of Object.entries({ ...body, ...seal }))
    print(`${name.padEnd(17)} ${typeof value === 'object' ? JSON.stringify(value) : plain(String(value))}`);
};

const readText = (path: string, what: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new LedgerError('invalid', `Cannot read ${what} ${path}: ${(cause as Error).message}`, { cause });
  }
};

/** A file as `receipts list --json` writes it: a list of receipts, or one receipt. */
const readReceipts = (path: string): SignedReceipt[] => {
  let value: unknown;
  try {
    value = JSON.parse(readText(path, 'receipts from'));
  } catch (cause) {
    if (cause instanceof LedgerError) throw cause;
    throw new LedgerError('invalid', `Cannot verify ${path}: it is no JSON.`, { cause });
  }
  return (Array.isArray(value) ? value : [value]) as SignedReceipt[];
};

/** What comes before the first of the given receipts of each chain, taken as it says. */
const headsBefore = (receipts: readonly SignedReceipt[]): ChainHead[] => {
  const firsts = new Map<string, SignedReceipt>();
  for (const receipt of receipts)
    if (typeof receipt?.chain === 'string' && !firsts.has(receipt.chain)) firsts.set(receipt.chain, receipt);
  return [...firsts.values()].flatMap(({ chain, sequence, previous }) =>
    sequence > 1 && typeof previous === 'string' ? [{ chain, sequence: sequence - 1, digest: previous }] : [],
  );
};

const verifyFile = (path: string, flags: VerifyFlags & { readonly keys: readonly string[] }): ChainReport => {
  const receipts = readReceipts(path);
  return verifyChain(receipts, flags.keys, {
    ...(flags.partial === true ? { after: headsBefore(receipts) } : {}),
    ...(flags.head === undefined ? {} : { until: [flags.head] }),
  });
};

/** The whole ledger, page by page: memory does not grow with it. */
const verifyLedger = async (
  ledger: Ledger,
  { keys, head }: { readonly keys: readonly string[]; readonly head: ChainHead | undefined },
): Promise<ChainReport> => {
  const faults: ChainFault[] = [];
  let checked = 0;
  let heads: readonly ChainHead[] = [];
  for (;;) {
    const after = heads[0]?.sequence;
    const page = await ledger.receipts({ limit: pageLength, ...(after === undefined ? {} : { after }) });
    const last = page.length < pageLength;
    // A head that was written down is looked for on the page that it is on, or at the end.
    const reached = head !== undefined && (last || (page.at(-1)?.sequence ?? 0) >= head.sequence);
    const until = reached && head.sequence > (after ?? 0) ? [head] : [];
    const report = verifyChain(page, keys, { after: heads, until });
    faults.push(
      ...report.faults.map((fault) => ('position' in fault ? { ...fault, position: fault.position + checked } : fault)),
    );
    checked += report.checked;
    heads = report.heads;
    if (last) return { checked, faults, heads };
  }
};

const describeFault = (fault: ChainFault): string => {
  switch (fault.type) {
    case 'malformed':
      return `entry ${fault.position + 1} is no receipt`;
    case 'missing':
      return `missing: ${fault.fromSequence} to ${fault.toSequence} of chain ${plain(fault.chain)}`;
    case 'foreign-signed':
    case 'bad-signature':
      return `${fault.type}: ${fault.sequence} (${plain(fault.receiptId)}), signer ${plain(fault.signer)}`;
    case 'changed':
    case 'reordered':
    case 'repeated':
    case 'forked':
    case 'unlinked':
      return `${fault.type}: ${fault.sequence} (${plain(fault.receiptId)})`;
    default:
      return fault satisfies never;
  }
};

const printReport = ({ checked, faults, heads }: ChainReport): void => {
  for (const fault of faults) print(`FAULT ${describeFault(fault)}`);
  for (const { chain, sequence, digest } of heads)
    print(
      `chain ${plain(chain)} ends at ${sequence}; note its head to find a later cut:\n  ${chain}:${sequence}:${digest}`,
    );
  print(`${checked} receipts checked, ${faults.length === 0 ? 'all is well' : `${faults.length} faults`}.`);
};

const verify = async (file: string | undefined, flags: VerifyFlags): Promise<void> => {
  const given = flags.publicKey?.map((path) => readText(path, 'the public key'));
  const report =
    file !== undefined
      ? verifyFile(file, {
          ...flags,
          keys: given ?? [readText(publicKeyPath(receiptKeyPath()), 'the public key')],
        })
      : await withLedger(flags, async (ledger) => {
          const keys = given ?? (await ledger.signers()).map(({ publicKeyPem }) => publicKeyPem);
          return verifyLedger(ledger, { keys, head: flags.head });
        });
  if (report.faults.length > 0) process.exitCode = 1;
  if (flags.json === true) printJson(report);
  else printReport(report);
};

const headOf = (text: string): ChainHead => {
  const match = /^(.+):(\d{1,15}):(sha256:[0-9a-f]{64})$/.exec(text);
  if (match === null)
    throw new InvalidArgumentError('It must be as `receipts verify` shows it: CHAIN:NUMBER:sha256:...');
  return { chain: match[1]!, sequence: Number(match[2]), digest: match[3]! };
};

export const addReceiptsCommand = (program: Command): void => {
  const receipts = program.command('receipts').description('list, show and verify receipts');
  const number = wholeNumber(0, Number.MAX_SAFE_INTEGER);
  addLedgerFlags(
    receipts
      .command('list')
      .description('list receipts in the order of their chain')
      .option('--after <n>', 'begin after this number', number)
      .option('--limit <n>', 'how many', wholeNumber(1, 100_000), 20),
  ).action(list);
  addLedgerFlags(receipts.command('show').description('show one').argument('<id>', 'the receipt')).action(show);
  addLedgerFlags(
    receipts
      .command('verify')
      .description('find receipts that were changed, removed, moved or put in')
      .argument('[file]', 'receipts as `receipts list --json` writes them (default: the whole ledger)')
      .option('--public-key <file>', 'who may have signed, may be repeated (default: who the ledger says)', collect)
      .option('--head <head>', 'a head that was noted earlier and must still be there', headOf)
      .option('--partial', 'the file begins in the middle of its chain'),
  ).action(verify);
};
