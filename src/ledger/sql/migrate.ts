/**
 * Brings a database to the schema that this version knows. The caller sees to it that only one process does so at a time.
 */
import { type Kysely, Migrator } from 'kysely';
import { LedgerError } from '../ledger-error.js';
import { createMigrationProvider, migrations } from './migrations.js';

/**
 * Runs what is missing. Throws LedgerError `incompatible` for a database that a later version has changed, and whatever
 * the database throws.
 */
export const migrateToLatest = async (db: Kysely<unknown>, schema: string | null): Promise<void> => {
  const migrator = new Migrator({
    db,
    provider: createMigrationProvider(schema),
    ...(schema === null ? {} : { migrationTableSchema: schema }),
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) return;
  // Kysely finds a migration in the database that it does not know before it runs any: then there are no results.
  if (results === undefined && error instanceof Error && /previously executed migration/.test(error.message))
    throw new LedgerError(
      'incompatible',
      `Cannot use the ledger: a later version of Spillway has changed its schema past ${Object.keys(migrations).at(-1)}. Use that version.`,
      { cause: error },
    );
  throw error;
};
