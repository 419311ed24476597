// One YAML file of the taxonomy, read with the line of every node, so that a complaint can name its place.
// It does not know what slots and kinds are, and never throws: problems go into the list that it was given.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

/** Something wrong in a file of the taxonomy. `line` counts from 1; 0 is the whole file. */
export interface TaxonomyProblem {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** A parsed YAML file that can say on which line a node stands. */
export class YamlFile {
  readonly name: string;
  readonly root: unknown;
  readonly #problems: TaxonomyProblem[];
  readonly #lines = new LineCounter();

  constructor(folder: string, name: string, problems: TaxonomyProblem[]) {
    this.name = name;
    this.#problems = problems;
    let source = '';
    try {
      source = readFileSync(join(folder, name), 'utf8');
    } catch (error) {
      this.report(0, `cannot be read: ${(error as Error).message}`);
    }
    const document = parseDocument(source, { lineCounter: this.#lines, prettyErrors: false });
    // One slip in a list is followed by many complaints: the first few say where to look.
    for (const error of document.errors.slice(0, 5)) this.report(this.#lines.linePos(error.pos[0]).line, error.message);
    if (document.errors.length > 5) this.report(0, `${document.errors.length - 5} more YAML errors follow from these`);
    this.root = document.contents;
  }

  report(line: number, message: string): void {
    this.#problems.push({ file: this.name, line, message });
  }

  lineOf(node: unknown): number {
    const range = (node as Node | null)?.range;
    return range ? this.#lines.linePos(range[0]).line : 0;
  }

  /** Runs a reading step; what it throws becomes a problem at the node's line. */
  attempt<T>(node: unknown, read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      this.report(this.lineOf(node), (error as Error).message);
      return null;
    }
  }

  /** The named entries of a map node. */
  entries(node: unknown, what: string): [name: string, key: unknown, value: unknown][] {
    if (!isMap(node)) {
      this.report(this.lineOf(node), `${what} must be a map`);
      return [];
    }
    return node.items.map((pair) => [isScalar(pair.key) ? String(pair.key.value) : '', pair.key, pair.value]);
  }

  items(node: unknown, what: string): unknown[] {
    if (isSeq(node) && node.items.length > 0) return node.items;
    this.report(this.lineOf(node), `${what} must be a list that is not empty`);
    return [];
  }
}
