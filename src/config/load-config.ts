/**
 * Finds the configuration file of a folder, reads it, checks it. Without a file the defaults hold: everything stays on
 * this device.
 */
import { existsSync, readFileSync } from 'node:fs';
import { extname, isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type CheckOptions, checkConfigTree } from './check-config.js';
import type { SpillwayConfig } from './config.js';
import { ConfigError, type ConfigFault, describeFault } from './config-error.js';
import { isRecord, writePath } from './config-path.js';
import { type ParsedConfig, parseConfigText, withoutEmptySections } from './parse-config.js';
import { resolveConfig } from './resolve-config.js';
import type { Environment } from './substitute-env.js';

/** In the working folder; more than one of them is a fault. */
export const configFileNames = [
  'spillway.config.ts',
  'spillway.config.yaml',
  'spillway.config.yml',
  'spillway.config.json',
] as const;

export interface LoadOptions {
  readonly folder?: string;
  readonly env?: Environment;
  /** Today, `YYYY-MM-DD`: some listed prices have days. */
  readonly day?: string;
}

export interface ReadConfig {
  /** Null without a file. */
  readonly path: string | null;
  /** Null where a fault is an error. */
  readonly config: SpillwayConfig | null;
  readonly faults: readonly ConfigFault[];
}

const findConfigFile = (folder: string): string | null => {
  const found = configFileNames.filter((name) => existsSync(join(folder, name)));
  if (found.length > 1)
    throw new ConfigError('ambiguous', `Cannot tell which configuration holds: ${found.join(' and ')} are both here.`);
  return found.length === 0 ? null : join(folder, found[0]!);
};

const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code;
    if (reason === 'ENOENT') throw new ConfigError('not-found', `Cannot read the configuration ${path}: no such file.`);
    throw new ConfigError('unreadable', `Cannot read the configuration ${path}: ${reason ?? String(cause)}.`, {
      cause,
    });
  }
};

/** Types are stripped by Node itself, where it can (22.18, 23.6 and later): this compiles nothing. */
const importTypeScript = async (path: string): Promise<ParsedConfig> => {
  readText(path);
  if (!('typescript' in process.features) || process.features.typescript === false)
    throw new ConfigError(
      'unsupported',
      `Cannot load ${path}: Node ${process.versions.node} does not strip types, 22.18 and later does; or write it as YAML or JSON.`,
    );
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as typeof module;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError('unreadable', `Cannot load ${path}: ${reason}`, { cause });
  }
  if (!isRecord(module.default))
    throw new ConfigError('unreadable', `Cannot load ${path}: its default export is no object.`);
  return { tree: withoutEmptySections(module.default), lineOf: () => null, findings: [] };
};

const parseFile = async (path: string): Promise<ParsedConfig> => {
  const ending = extname(path).toLowerCase();
  switch (ending) {
    case '.yaml':
    case '.yml':
      return parseConfigText(readText(path), 'yaml');
    case '.json':
      return parseConfigText(readText(path), 'json');
    case '.ts':
      return importTypeScript(path);
    default:
      throw new ConfigError('unsupported', `Cannot load ${path}: expected .yaml, .json or .ts, got "${ending}".`);
  }
};

const checkParsed = (parsed: ParsedConfig, options: CheckOptions): Omit<ReadConfig, 'path'> => {
  if (parsed.findings.length > 0)
    return {
      config: null,
      faults: parsed.findings.map(({ message, line, severity }) => ({ path: '', message, line, severity })),
    };
  const { config, findings } = checkConfigTree(parsed.tree, options);
  const faults = findings.map(
    ({ at, message, severity }): ConfigFault => ({ path: writePath(at), message, line: parsed.lineOf(at), severity }),
  );
  return { config, faults: faults.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
};

/**
 * The file with all its faults, warnings among them. Throws ConfigError `not-found`, `ambiguous`, `unreadable` or
 * `unsupported` where there is nothing to check.
 */
export const readConfig = async (path?: string, options: LoadOptions = {}): Promise<ReadConfig> => {
  const { folder = process.cwd(), env = process.env, day = new Date().toISOString().slice(0, 10) } = options;
  const file = path === undefined ? findConfigFile(folder) : isAbsolute(path) ? path : join(folder, path);
  if (file === null) return { path: null, config: resolveConfig({}), faults: [] };
  return { path: file, ...checkParsed(await parseFile(file), { env, day }) };
};

/** A configuration that can be used, with its warnings; throws ConfigError `invalid` with every fault otherwise. */
export const loadConfig = async (
  path?: string,
  options: LoadOptions = {},
): Promise<{
  readonly path: string | null;
  readonly config: SpillwayConfig;
  readonly warnings: readonly ConfigFault[];
}> => {
  const { config, faults, path: file } = await readConfig(path, options);
  if (config !== null) return { path: file, config, warnings: faults };
  const errors = faults.filter(({ severity }) => severity === 'error');
  const lines = errors.map((fault) => `  ${describeFault(fault, file)}`);
  throw new ConfigError('invalid', `Cannot use the configuration:\n${lines.join('\n')}`, { faults });
};
