/** `spillway keys`: who may use the server, and how much a minute. */
import { type Command, Option } from 'commander';
import type { KeyRecord } from '../ledger/ledger.js';
import { type Reach, tiersByDistance } from '../route/reach.js';
import { wholeNumber } from './engine-options.js';
import { addLedgerFlags, dateText, findKey, type LedgerFlags, plain, withLedger } from './ledger-flags.js';
import { formatTable, print, printJson } from './terminal.js';

interface CreateFlags extends LedgerFlags {
  readonly app?: string;
  readonly reach?: Reach;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
}

const create = async (name: string, flags: CreateFlags): Promise<void> => {
  const { app, reach, requestsPerMinute, tokensPerMinute } = flags;
  const { record, secret } = await withLedger(flags, (ledger) =>
    ledger.createKey({
      name,
      ...(app === undefined ? {} : { app }),
      ...(reach === undefined ? {} : { reach }),
      ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
      ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }),
    }),
  );
  if (flags.json === true) {
    printJson({ ...record, secret });
    return;
  }
  print(`Key ${record.id} (${plain(record.name)}). Its secret is shown this once and kept nowhere:`);
  print(secret);
};

const rowOf = (key: KeyRecord): string[] => [
  key.id,
  plain(key.name),
  plain(key.app ?? '-'),
  key.reach ?? '-',
  String(key.requestsPerMinute ?? '-'),
  String(key.tokensPerMinute ?? '-'),
  dateText(key.createdMs),
  key.revokedMs === null ? 'valid' : `revoked ${dateText(key.revokedMs)}`,
];

const list = async (flags: LedgerFlags): Promise<void> => {
  const keys = await withLedger(flags, (ledger) => ledger.listKeys());
  if (flags.json === true) printJson(keys);
  else if (keys.length === 0) print('There are no keys. Make one with `spillway keys create NAME`.');
  else
    print(
      formatTable(['ID', 'NAME', 'APP', 'REACH', 'REQUESTS/MIN', 'TOKENS/MIN', 'CREATED', 'STATE'], keys.map(rowOf)),
    );
};

const revoke = async (idOrName: string, flags: LedgerFlags): Promise<void> => {
  const key = await withLedger(flags, async (ledger) => {
    const { id } = findKey(await ledger.listKeys(), idOrName);
    await ledger.revokeKey(id);
    return findKey(await ledger.listKeys(), id);
  });
  if (flags.json === true) printJson(key);
  else print(`Key ${key.id} (${plain(key.name)}) is revoked; running servers refuse it within seconds.`);
};

export const addKeysCommand = (program: Command): void => {
  const keys = program.command('keys').description('make, list and revoke keys');
  const perMinute = wholeNumber(1, Number.MAX_SAFE_INTEGER);
  addLedgerFlags(
    keys
      .command('create')
      .description('make a key and show its secret, once')
      .argument('<name>', 'what you call it')
      .option('--app <name>', 'the app that it belongs to')
      .addOption(
        new Option('--reach <tier>', 'the furthest tier that its requests may go to').choices([...tiersByDistance]),
      )
      .option('--requests-per-minute <n>', 'limit in any 60 seconds', perMinute)
      .option('--tokens-per-minute <n>', 'limit in any 60 seconds', perMinute),
  ).action(create);
  addLedgerFlags(keys.command('list').description('list the keys')).action(list);
  addLedgerFlags(keys.command('revoke').description('make a key invalid').argument('<id|name>', 'the key')).action(
    revoke,
  );
};
