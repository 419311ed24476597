/**
 * A configuration file's text to a tree of plain values, with the line on which each of them stands. Knows YAML and JSON,
 * no schema.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type ConfigPath, errorAt, type Finding, isRecord } from './config-path.js';

export interface ParsedConfig {
  readonly tree: unknown;
  /** Line of the place, or of the nearest one around it that is there; null where lines mean nothing. */
  lineOf(path: ConfigPath): number | null;
  readonly findings: readonly (Finding & { readonly line: number | null })[];
}

/** Sections without anything in them, such as `private:` with all entries commented out, count as absent. */
export const withoutEmptySections = (tree: unknown): unknown => {
  if (!isRecord(tree)) return tree;
  const section = (value: unknown, depth: number): unknown => {
    if (!isRecord(value)) return value;
    const kept = Object.entries(value).filter(([key, entry]) => entry !== null || !isSection(key, depth));
    return Object.fromEntries(kept.map(([key, entry]) => [key, section(entry, depth + 1)]));
  };
  return section(tree, 0);
};

const sectionNames: readonly (readonly string[])[] = [
  ['tiers', 'aliases', 'policy', 'cache', 'budgets', 'rateLimits', 'prices', 'ledger', 'server'],
  ['device', 'private', 'thirdParty', 'apps', 'keys', 'timeouts', 'consent', 'redaction'],
  ['rules', 'names', 'places'],
];

const isSection = (key: string, depth: number): boolean => sectionNames[depth]?.includes(key) === true;

const deepest = 32;

/** False for a tree that holds itself (an anchor inside its own value) or is deeper than any configuration. */
const isBounded = (value: unknown, depth = 0): boolean => {
  if (typeof value !== 'object' || value === null) return true;
  return depth < deepest && Object.values(value).every((entry) => isBounded(entry, depth + 1));
};

const firstLine = (message: string): string => message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');

/** YAML 1.2 core schema; JSON is read as the YAML that it is, after it was checked to be JSON. */
export const parseConfigText = (text: string, kind: 'yaml' | 'json'): ParsedConfig => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  const findings: (Finding & { readonly line: number | null })[] = document.errors.map((error) => ({
    ...errorAt([], firstLine(error.message)),
    line: error.linePos?.[0].line ?? null,
  }));
  if (kind === 'json' && findings.length === 0) {
    try {
      JSON.parse(text);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const offset = /position (\d+)/.exec(message)?.[1];
      const line = offset === undefined ? null : lines.linePos(Number(offset)).line;
      findings.push({ ...errorAt([], `not JSON: ${firstLine(message)}`), line });
    }
  }

  const lineAt = (node: { readonly range?: readonly number[] | null } | null | undefined): number | null =>
    node?.range == null ? null : lines.linePos(node.range[0]!).line;

  const lineOf = (path: ConfigPath): number | null => {
    let node: Node | null = document.contents;
    let line = lineAt(node);
    for (const part of path) {
      if (isAlias(node)) node = node.resolve(document) ?? null;
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
        if (pair === undefined) return line;
        line = lineAt(pair.key as Node) ?? line;
        node = (pair.value as Node | null) ?? null;
      } else if (isSeq(node)) {
        node = (node.items[Number(part)] as Node | undefined) ?? null;
        line = lineAt(node) ?? line;
      } else return line;
    }
    return line;
  };

  let tree: unknown = null;
  if (findings.length === 0) {
    try {
      const value = document.toJS() as unknown;
      if (isBounded(value)) tree = value;
      else findings.push({ ...errorAt([], `nested deeper than ${deepest} levels, or without end`), line: null });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      findings.push({ ...errorAt([], firstLine(message)), line: null });
    }
  }
  return { tree: withoutEmptySections(tree ?? {}), lineOf, findings };
};
