/**
 * Statements that are compiled once and bound many times: Kysely checks and writes the SQL, the hot path only fills in
 * values. Knows no database connection.
 */
import type { CompiledQuery } from 'kysely';
import type { Dialect, QueryValue } from './dialect.js';

/** SQL with its values, ready to run. */
export interface Query<Row = unknown> {
  /** Under this name it may be kept prepared; null for SQL that is put together at run time. */
  readonly name: string | null;
  readonly sql: string;
  readonly values: readonly QueryValue[];
  /** Never there; carries the type of the rows. */
  readonly row?: Row;
}

export interface Compilable<Row> {
  compile(): CompiledQuery<Row>;
}

/** Stands for an argument while the statement is built. */
class Parameter {
  readonly argument: string;

  constructor(argument: string) {
    this.argument = argument;
  }
}

const parameters = <Args>(): Args =>
  new Proxy({}, { get: (_, argument) => new Parameter(String(argument)) }) as unknown as Args;

/** `columns` of the arguments as an object, for inserts. */
export const pick = <Args, Name extends keyof Args>(args: Args, columns: readonly Name[]): { [N in Name]: Args[N] } =>
  Object.fromEntries(columns.map((column) => [column, args[column]])) as { [N in Name]: Args[N] };

export type Prepare = <Args, Row>(name: string, build: (args: Args) => Compilable<Row>) => (args: Args) => Query<Row>;

/**
 * Makes statements from what builds them: `build` is called once, with parameters in place of arguments, at first use.
 * Arguments are texts, whole numbers, null, or lists for `Dialect.contains`.
 */
export const createPrepare =
  (dialect: Dialect): Prepare =>
  <Args, Row>(name: string, build: (args: Args) => Compilable<Row>) => {
    let compiled: CompiledQuery<Row> | undefined;
    return (args: Args): Query<Row> => {
      compiled ??= build(parameters<Args>()).compile();
      const values = compiled.parameters.map((parameter) => {
        const value = (
          parameter instanceof Parameter ? args[parameter.argument as keyof Args] : parameter
        ) as QueryValue;
        return Array.isArray(value) ? dialect.encodeList(value) : value;
      });
      return { name, sql: compiled.sql, values };
    };
  };

/** A query whose shape depends on what is asked for. */
export const buildQuery = <Row>(query: Compilable<Row>): Query<Row> => {
  const { sql, parameters: values } = query.compile();
  return { name: null, sql, values: values as QueryValue[] };
};
