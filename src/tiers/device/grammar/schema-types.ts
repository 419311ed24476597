/**
 * What the parts of the schema compiler share: the compiler as objects, arrays and scalars see it, and what they give back.
 */
import type { GrammarRules } from './gbnf.js';
import type { SchemaDocument, SchemaNode } from './schema-document.js';

export interface SchemaCompiler {
  readonly document: SchemaDocument;
  readonly rules: GrammarRules;
  /** Keywords that a grammar cannot hold: an error, or left out. */
  readonly unsupported: 'refuse' | 'ignore';
  /** A rule of the values that satisfy all these schemas, found inside an object or array; null where there are none. */
  compile(schemas: readonly unknown[], name: string): string | null;
  /** Runs `build`; where its pattern cannot be a grammar, refuses the schema or gives `fallback`. */
  withPattern<T>(nodes: readonly SchemaNode[], build: () => T, fallback: () => T): T;
}

/** What follows `::=` for one way to write a value, and the rules that it cannot do without. */
export interface SchemaBody {
  readonly text: string;
  readonly needs: readonly string[];
}

/** Nodes that hold at once, and a name for their rules. */
export interface NamedNodes {
  readonly nodes: readonly SchemaNode[];
  readonly name: string;
}
