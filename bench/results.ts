/**
 * Result files: one per bench under `bench/results/`, committed. Quick runs go to `bench/results/tmp/`, which is not.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { BenchResult } from './bench.js';
import { checkout } from './peers.js';

export const resultsFolder = join(checkout, 'bench', 'results');

/** The repository's formatter lays the file out as `npm run lint` wants it; without one it stays as it is. */
const layOut = (path: string): void => {
  const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
  spawnSync(process.execPath, [biome, 'format', '--write', path], { cwd: checkout, stdio: 'ignore' });
};

/** Writes `<bench>.json`; returns its path. */
export const writeResult = (result: BenchResult): string => {
  const folder = result.quick ? join(resultsFolder, 'tmp') : resultsFolder;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${result.bench}.json`);
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  layOut(path);
  return path;
};

/** The committed results, by bench name; none where nothing was measured yet. */
export const readResults = (folder: string = resultsFolder): ReadonlyMap<string, BenchResult> => {
  const results = new Map<string, BenchResult>();
  if (!existsSync(folder)) return results;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isFile() && entry.name.endsWith('.json')) {
      const result = JSON.parse(readFileSync(join(folder, entry.name), 'utf8')) as BenchResult;
      results.set(result.bench, result);
    }
  return results;
};
