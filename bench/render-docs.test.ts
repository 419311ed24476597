import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BenchResult } from './bench.js';
import { benches } from './benches.js';
import { checkout } from './peers.js';
import { documents, renderDocument, renderSummary, renderTables } from './render-docs.js';
import { readResults } from './results.js';
import { createRow } from './statistics.js';

const result: BenchResult = {
  bench: 'engine-decode',
  question: 'Is it fast',
  ceiling: 'The bare loop',
  quick: false,
  rounds: 2,
  threads: 2,
  machine: {
    processor: 'A | B',
    cores: 2,
    memoryGiB: 8,
    platform: 'linux-x64',
    node: '20.19.0',
    llamaCpp: '0.4.0',
    date: '2026-01-01',
    loadBefore: 0,
  },
  rows: [
    createRow({
      what: 'one | two',
      unit: 'tokens/s',
      ours: { name: 'engine', values: [96, 98] },
      other: { name: 'bare loop', values: [100, 100] },
      target: { on: 'ratio', bound: 'at-least', value: 0.95 },
    }),
  ],
  notes: ['A note.'],
};
const results = new Map([[result.bench, result]]);

describe('renderTables', () => {
  it('gives medians, the ratio with its spread, the bound, and the machine', () => {
    const text = renderTables(results);
    expect(text).toContain(
      '| one \\| two | engine 97.0 tokens/s | bare loop 100 tokens/s | 0.97 (0.96..0.98) | ≥ 0.95 | yes |',
    );
    expect(text).toContain('A note.');
    expect(text).toContain('2 cores, 8 GiB, linux-x64, Node 20.19.0');
  });

  it('names the benches that were not measured', () => {
    const text = renderTables(results);
    for (const { name } of benches) expect(text).toContain(name);
  });
});

describe('renderDocument', () => {
  const document = 'before\n<!-- bench:summary -->\nold 12.3\n<!-- bench:end -->\nafter\n';

  it('replaces what is between the markers and nothing else, and is stable', () => {
    const once = renderDocument(document, results);
    expect(once).toMatch(/^before\n<!-- bench:summary -->\n/);
    expect(once).toMatch(/<!-- bench:end -->\nafter\n$/);
    expect(once).not.toContain('old 12.3');
    expect(once).toContain(renderSummary(results).trim());
    expect(renderDocument(once, results)).toBe(once);
  });

  it('leaves a document without markers alone and refuses one whose marker never ends', () => {
    expect(renderDocument('plain text\n', results)).toBe('plain text\n');
    expect(() => renderDocument('<!-- bench:table -->\n', results)).toThrow('1 bench markers, 0 of them');
  });
});

describe('the committed figures', () => {
  const committed = readResults();

  it('are whole runs of at least five rounds of benches that exist', () => {
    for (const [name, { quick, rounds, rows }] of committed) {
      expect(benches.map((bench) => bench.name)).toContain(name);
      expect({ name, quick }).toEqual({ name, quick: false });
      expect(rounds).toBeGreaterThanOrEqual(5);
      for (const row of rows) expect(row.ours.values.length).toBeGreaterThanOrEqual(5);
    }
  });

  it.each(documents.filter((path) => existsSync(join(checkout, path))))('are what %s says', (path) => {
    const document = readFileSync(join(checkout, path), 'utf8');
    expect(renderDocument(document, committed)).toBe(document);
  });

  it('name no path and no host', () => {
    for (const [, { machine, notes }] of committed)
      expect(JSON.stringify({ machine, notes })).not.toMatch(/"[^"]*(?:\/home\/|\/tmp\/|\/root\/|\/Users\/|[A-Z]:\\)/);
  });
});
