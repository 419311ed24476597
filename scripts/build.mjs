// Compiles everything to dist/ and removes compiled files whose source is gone, so that no stale test or module runs.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');

const removeStale = (folder) => {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeStale(path);
    else {
      const source = relative(dist, path).replace(/\.js(\.map)?$/, '.ts');
      if (/\.js(\.map)?$/.test(entry.name) && !existsSync(join(root, source))) rmSync(path);
    }
  }
};

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
const run = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.json')], { stdio: 'inherit' });
if (existsSync(dist)) removeStale(dist);
process.exit(run.status ?? 1);
