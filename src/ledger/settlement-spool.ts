/**
 * Settlements that the ledger could not take yet, in files of a folder: what was spent during an outage outlives the
 * server that spent it. One file each, written whole or not at all.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Settlement } from './ledger.js';

export interface SettlementSpool {
  /** Keeps it until it is forgotten. Where it cannot be written, memory alone has it. */
  keep(settlement: Settlement): void;
  forget(settlement: Settlement): void;
  /** What earlier servers left, whole files only. */
  load(): Settlement[];
}

const ending = '.settlement.json';

/** Ids come from outside: a name of their hash is a file's name whatever they hold. */
const nameOf = ({ receipt }: Settlement): string =>
  `${createHash('sha256').update(receipt.id).digest('hex').slice(0, 32)}${ending}`;

const attempt = <T>(action: () => T): T | null => {
  try {
    return action();
  } catch {
    return null;
  }
};

const writeWhole = (path: string, text: string): void => {
  const draft = `${path}.${process.pid}`;
  const file = openSync(draft, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
};

/** The folder is made when there is something to keep. */
export const createSettlementSpool = (folder: string): SettlementSpool => ({
  keep(settlement) {
    attempt(() => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeWhole(join(folder, nameOf(settlement)), JSON.stringify(settlement));
    });
  },
  forget(settlement) {
    attempt(() => rmSync(join(folder, nameOf(settlement)), { force: true }));
  },
  load: () =>
    (attempt(() => readdirSync(folder)) ?? [])
      .filter((name) => name.endsWith(ending))
      .flatMap((name) => attempt(() => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Settlement) ?? []),
});
