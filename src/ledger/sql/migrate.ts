/**
 * Brings a database to the schema that this version knows. The caller sees to it that only one process does so at a time.
 */
import { type Kysely, Migrator } from 'kysely';
import { LedgerError } from '../ledger-error.js';
import { createMigrationProvider, migrations } from './migrations.js';

/** The table in which Kysely keeps what was run. */
export const migrationTable = 'kysely_migration';

/**
 * True for a database in which these migrations were run and none is missing: nothing needs to be locked or loaded then.
 * Throws LedgerError `incompatible` where a later version has run some that this one does not know.
 */
export const isCurrent = (names: readonly string[]): boolean => {
  const unknown = names.find((name) => !Object.hasOwn(migrations, name));
  if (unknown !== undefined)
    throw new LedgerError(
      'incompatible',
      `Cannot use the ledger: a later version of Spillway has changed its schema (${unknown}). Use that version.`,
    );
  return names.length === Object.keys(migrations).length;
};

/** Runs what is missing. Throws whatever the database throws. */
export const migrateToLatest = async (db: Kysely<unknown>, schema: string | null): Promise<void> => {
  const migrator = new Migrator({
    db,
    provider: createMigrationProvider(schema),
    ...(schema === null ? {} : { migrationTableSchema: schema }),
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
};
