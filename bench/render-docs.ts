/**
 * Writes measured figures into documents, between markers, from the committed results, so that no figure in a document
 * is typed by hand. `<!-- bench:table -->` takes everything, `<!-- bench:summary -->` one row per target; both end at
 * `<!-- bench:end -->`. Run it as `node dist/bench/render-docs.js [FILE ...]`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BenchResult, BenchRow } from './bench.js';
import { benches } from './benches.js';
import { checkout } from './peers.js';
import { provenance, ratioCell, tableCells, tableHeader, targetCell } from './result-table.js';
import { readResults } from './results.js';

const escapeCell = (cell: string): string => cell.replaceAll('|', '\\|');
const tableLine = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`;
const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [tableLine(header), `|${header.map(() => '---').join('|')}|`, ...rows.map(tableLine)].join('\n');

/** In the order of the benches, not of the files. */
const inOrder = (results: ReadonlyMap<string, BenchResult>): BenchResult[] =>
  benches.flatMap(({ name }) => results.get(name) ?? []);

/** A section for each bench: question, ceiling, table, notes, machine. */
export const renderTables = (results: ReadonlyMap<string, BenchResult>): string => {
  const missing = benches.filter(({ name }) => !results.has(name)).map(({ name }) => `\`${name}\``);
  const sections = inOrder(results).map((result) =>
    [
      `### ${result.bench}\n`,
      `${result.question}. Ceiling: ${result.ceiling.charAt(0).toLowerCase()}${result.ceiling.slice(1)}.\n`,
      ...(result.rows.length === 0 ? [] : [`${table(tableHeader, result.rows.map(tableCells))}\n`]),
      ...result.notes.map((note) => `${note}\n`),
      `<sub>${provenance(result)}</sub>\n`,
    ].join('\n'),
  );
  if (missing.length > 0) sections.push(`Not measured yet: ${missing.join(', ')}.\n`);
  return sections.join('\n');
};

const summaryCell = ({ target, ratio, ours, unit }: BenchRow): string =>
  target?.on === 'median' ? `${ours.median.toFixed(0)} ${unit}` : ratioCell(ratio);

/** One table of the rows that have a target. */
export const renderSummary = (results: ReadonlyMap<string, BenchResult>): string => {
  const rows = inOrder(results).flatMap((result) =>
    result.rows
      .filter(({ target }) => target !== null)
      .map((row) => [`${result.question}: ${row.what}`, targetCell(row.target, row.unit), summaryCell(row)]),
  );
  return rows.length === 0 ? 'Nothing measured yet.\n' : `${table(['what', 'must reach', 'measured'], rows)}\n`;
};

const renderers: Readonly<Record<string, (results: ReadonlyMap<string, BenchResult>) => string>> = {
  table: renderTables,
  summary: renderSummary,
};

/** `document` with the parts between markers made anew; unchanged where there are none. Throws for a marker without end. */
export const renderDocument = (document: string, results: ReadonlyMap<string, BenchResult>): string => {
  const opened = document.match(/<!-- bench:(?:table|summary) -->/g)?.length ?? 0;
  let closed = 0;
  const rendered = document.replace(
    /<!-- bench:(table|summary) -->\n[\s\S]*?<!-- bench:end -->/g,
    (_, kind: 'table' | 'summary') => {
      closed++;
      return `<!-- bench:${kind} -->\n\n${renderers[kind]!(results)}\n<!-- bench:end -->`;
    },
  );
  if (closed !== opened)
    throw new Error(`Cannot render the document: ${opened} bench markers, ${closed} of them with an end.`);
  return rendered;
};

/** Documents that carry figures. */
export const documents: readonly string[] = ['docs/benchmarks.md', 'README.md'];

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** Renders the documents that are there; returns those that changed. */
export const renderDocuments = (paths: readonly string[] = documents): string[] => {
  const results = readResults();
  return paths.filter((path) => {
    const file = join(checkout, path);
    try {
      const before = readFileSync(file, 'utf8');
      const after = renderDocument(before, results);
      if (after !== before) writeFileSync(file, after);
      return after !== before;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  });
};

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const paths = process.argv.slice(2);
  const changed = renderDocuments(paths.length === 0 ? documents : paths);
  process.stdout.write(changed.length === 0 ? 'Nothing to change.\n' : `Wrote ${changed.join(', ')}.\n`);
}
