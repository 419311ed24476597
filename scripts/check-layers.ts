/**
 * Checks who imports whom: the direction between rooms, purity of the rooms that must stay pure, native packages kept
 * behind the seam, and no import cycle, type imports included. Knows import statements only, not what they are used for.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LayerRules, layerRules } from './layer-rules.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly { readonly specifier: string; readonly target: string | null }[];
}

const listSources = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : listSources(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;

const readSource = (path: string): SourceFile => {
  const text = readFileSync(path, 'utf8');
  const imports = [...text.matchAll(importPattern)].map((match) => {
    const specifier = match[1] ?? match[2] ?? '';
    const target = specifier.startsWith('.')
      ? relative(root, resolve(dirname(path), specifier.replace(/\.js(x?)$/, '.ts$1')))
      : null;
    return { specifier, target };
  });
  return { path: relative(root, path), text, imports };
};

const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path);
const roomOf = (path: string): string | null => {
  const [top, room] = path.split(sep);
  return top === 'src' && room !== undefined ? room : null;
};
const matches = (path: string, prefixes: readonly string[]): boolean =>
  prefixes.some((prefix) => path.startsWith(prefix));

const findViolations = (files: readonly SourceFile[], rules: LayerRules): string[] => {
  const violations: string[] = [];
  for (const file of files) {
    const room = roomOf(file.path);
    if (room === null || isTest(file.path)) continue;
    const allowed = rules.rooms[room];
    if (allowed === undefined) {
      violations.push(`${file.path}: room "${room}" is not in scripts/layer-rules.ts`);
      continue;
    }
    for (const { specifier, target } of file.imports) {
      const targetRoom = target === null ? null : roomOf(target);
      if (targetRoom !== null && targetRoom !== room && !allowed.includes(targetRoom) && !allowed.includes('*'))
        violations.push(`${file.path}: room "${room}" may not import room "${targetRoom}" (${specifier})`);
      for (const { packages, importers } of rules.packages)
        if (
          packages.some((name) => specifier === name || specifier.startsWith(`${name}/`)) &&
          !matches(file.path, importers)
        )
          violations.push(`${file.path}: only ${importers.join(', ')} may import ${specifier}`);
      if (matches(file.path, rules.llamaForbidden) && targetRoom === 'llama')
        violations.push(`${file.path}: may not reach src/llama (${specifier})`);
    }
    if (matches(file.path, rules.pure)) {
      for (const { specifier, target } of file.imports)
        if (target === null && !rules.purePackages.includes(specifier))
          violations.push(`${file.path}: a pure file may not import ${specifier}`);
      for (const [pattern, name] of rules.impure)
        if (pattern.test(file.text)) violations.push(`${file.path}: a pure file may not use ${name}`);
    }
  }
  return violations;
};

const findCycle = (files: readonly SourceFile[]): string[] | null => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const state = new Map<string, 'open' | 'done'>();
  const trail: string[] = [];
  const visit = (path: string): string[] | null => {
    if (state.get(path) === 'done') return null;
    if (state.get(path) === 'open') return [...trail.slice(trail.indexOf(path)), path];
    state.set(path, 'open');
    trail.push(path);
    for (const { target } of byPath.get(path)?.imports ?? []) {
      const cycle = target !== null && byPath.has(target) ? visit(target) : null;
      if (cycle !== null) return cycle;
    }
    trail.pop();
    state.set(path, 'done');
    return null;
  };
  for (const file of files) {
    const cycle = visit(file.path);
    if (cycle !== null) return cycle;
  }
  return null;
};

const files = ['src', 'bench', 'scripts', 'test'].flatMap((folder) => listSources(join(root, folder))).map(readSource);
const violations = findViolations(files, layerRules);
const cycle = findCycle(files);
if (cycle !== null) violations.push(`import cycle: ${cycle.join(' -> ')}`);
if (violations.length > 0) {
  process.stderr.write(
    `Layer check: ${violations.length} violation(s)\n${violations.map((line) => `  ${line}`).join('\n')}\n`,
  );
  process.exitCode = 1;
} else {
  process.stdout.write(`Layer check: ${files.length} files, no violation\n`);
}
