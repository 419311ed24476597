/** `spillway config`: check a configuration file, print the schema that it is checked against. */
import { relative } from 'node:path';
import type { Command } from 'commander';
import type { SpillwayConfig } from '../config/config.js';
import { ConfigError, type ConfigFault, describeFault } from '../config/config-error.js';
import { configJsonSchema } from '../config/config-schema.js';
import { type LoadOptions, readConfig } from '../config/load-config.js';
import { print, printJson } from './terminal.js';

/** What a configuration says, without credentials and URLs. */
export interface ConfigSummary {
  readonly device: readonly string[];
  readonly private: Readonly<Record<string, readonly string[]>>;
  readonly thirdParty: Readonly<Record<string, readonly string[]>>;
  readonly aliases: readonly string[];
  readonly reach: string;
  readonly maxReach: string;
  readonly budgets: number;
  readonly rateLimits: number;
}

export interface ConfigReport {
  readonly ok: boolean;
  /** Null without a file: then the defaults hold. */
  readonly path: string | null;
  readonly faults: readonly ConfigFault[];
  readonly summary: ConfigSummary | null;
}

const modelsByEndpoint = (
  endpoints: readonly { readonly name: string; readonly models: readonly { readonly name: string }[] }[],
): Record<string, readonly string[]> =>
  Object.fromEntries(endpoints.map(({ name, models }) => [name, models.map((model) => model.name)]));

const summarize = ({ tiers, aliases, policy, budgets, rateLimits }: SpillwayConfig): ConfigSummary => ({
  device: tiers.device.models,
  private: modelsByEndpoint(tiers.private),
  thirdParty: modelsByEndpoint(tiers.thirdParty),
  aliases: Object.keys(aliases),
  reach: policy.reach,
  maxReach: policy.maxReach,
  budgets: budgets.length,
  rateLimits: rateLimits.length,
});

/** Checks the file, or the one in the working folder; a file that cannot be read is one fault. */
export const checkConfig = async (path?: string, options: LoadOptions = {}): Promise<ConfigReport> => {
  try {
    const { config, faults, path: file } = await readConfig(path, options);
    return { ok: config !== null, path: file, faults, summary: config === null ? null : summarize(config) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const fault: ConfigFault = { path: '', message: error.message, line: null, severity: 'error' };
    return { ok: false, path: null, faults: [fault], summary: null };
  }
};

const describeModels = (endpoints: Readonly<Record<string, readonly string[]>>): string => {
  const lines = Object.entries(endpoints).map(([name, models]) => `${name} (${models.join(', ')})`);
  return lines.length === 0 ? 'none' : lines.join(', ');
};

const describeSummary = (summary: ConfigSummary): string[] => [
  `  device       ${summary.device.length === 0 ? 'none' : summary.device.join(', ')}`,
  `  private      ${describeModels(summary.private)}`,
  `  third-party  ${describeModels(summary.thirdParty)}`,
  `  aliases      ${summary.aliases.length === 0 ? 'none' : summary.aliases.join(', ')}`,
  `  reach        ${summary.reach} for requests that say nothing, ${summary.maxReach} at the furthest`,
  `  budgets      ${summary.budgets}, rate limits ${summary.rateLimits}`,
];

/** Relative to the working folder where it is inside it. */
const shortPath = (path: string): string => {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
};

export const formatConfigReport = ({ path, faults, summary }: ConfigReport): string => {
  const file = path === null ? null : shortPath(path);
  const told = faults.map((fault) => `${fault.severity}: ${describeFault(fault, file)}`);
  const errors = faults.filter(({ severity }) => severity === 'error').length;
  if (summary === null) return [...told, `Not usable: ${errors} ${errors === 1 ? 'fault' : 'faults'}.`].join('\n');
  const head = file === null ? 'OK: no configuration file here, so the defaults hold.' : `OK: ${file}`;
  return [...told, head, ...describeSummary(summary)].join('\n');
};

export const addConfigCommand = (program: Command): void => {
  const command = program.command('config').description('check the configuration');
  command
    .command('check')
    .description('say whether a configuration can be used, and everything that is wrong with it')
    .argument('[file]', 'spillway.config.yaml, .json or .ts (default: the one in this folder)')
    .option('--json', 'print as JSON')
    .action(async (file: string | undefined, options: { json?: boolean }) => {
      const report = await checkConfig(file);
      if (options.json === true) printJson(report);
      else print(formatConfigReport(report));
      if (!report.ok) process.exitCode = 1;
    });
  command
    .command('schema')
    .description('print the JSON Schema of configuration files')
    .action(() => print(configJsonSchema().trimEnd()));
};
