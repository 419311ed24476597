/**
 * Declares C functions as typed tables: one line per function, prototype beside its TypeScript signature.
 *
 * Knows nothing of llama.cpp. A symbol that the library lacks is one clear error when the table is bound.
 */
import type { LibraryHandle } from 'koffi';
import { LlamaError } from './llama-error.js';

/** A C prototype that carries the TypeScript signature of the function. */
export interface NativeFunction<Signature> {
  readonly prototype: string;
  readonly signature?: Signature;
}

// biome-ignore lint/suspicious/noExplicitAny: any function type is allowed here, the table gives the exact one.
type AnyFunction = (...values: any[]) => unknown;

export const native = <Signature extends AnyFunction>(prototype: string): NativeFunction<Signature> => ({ prototype });

export type NativeTable = Readonly<Record<string, NativeFunction<AnyFunction>>>;

export type Bound<Table extends NativeTable> = {
  readonly [Name in keyof Table]: Table[Name] extends NativeFunction<infer Signature> ? Signature : never;
};

/** Looks each function of `table` up in `library`; throws LlamaError `layout-mismatch` naming a missing one. */
export const bindFunctions = <Table extends NativeTable>(library: LibraryHandle, table: Table): Bound<Table> => {
  const bound: Record<string, unknown> = {};
  for (const [name, { prototype }] of Object.entries(table)) {
    try {
      bound[name] = library.func(prototype);
    } catch (cause) {
      throw new LlamaError(
        'layout-mismatch',
        `Cannot bind llama.cpp: the library has no function "${prototype}"; install the pinned version of the binary package.`,
        { cause },
      );
    }
  }
  return bound as Bound<Table>;
};
