/** One tree of a configuration to a configuration and everything that is wrong with it. Reads no file. */
import { checkShape } from './check-shape.js';
import type { SpillwayConfig } from './config.js';
import { type Finding, writePath } from './config-path.js';
import { type ConfigFile, ConfigFileSchema } from './config-schema.js';
import { defaults } from './defaults.js';
import { checkEndpoints } from './meaning/check-endpoints.js';
import { checkMoney } from './meaning/check-money.js';
import { checkNames } from './meaning/check-names.js';
import { checkPolicy } from './meaning/check-policy.js';
import { resolveConfig } from './resolve-config.js';
import { type Environment, substituteEnv } from './substitute-env.js';

export interface CheckedTree {
  /** Null where a finding is an error. */
  readonly config: SpillwayConfig | null;
  readonly findings: readonly Finding[];
}

export interface CheckOptions {
  readonly env: Environment;
  /** Today, `YYYY-MM-DD`. */
  readonly day: string;
}

/** What a value means is only looked at when all of them are of the right shape. */
export const checkConfigTree = (written: unknown, { env, day }: CheckOptions): CheckedTree => {
  const { tree, findings: variables } = substituteEnv(written, env);
  const unfilled = new Set(variables.map(({ at }) => writePath(at)));
  // A text whose variable is missing has one fault, not two.
  const known = (findings: readonly Finding[]): Finding[] => findings.filter(({ at }) => !unfilled.has(writePath(at)));

  const shape = known(checkShape(tree, { schema: ConfigFileSchema, written }));
  if (shape.length > 0) return { config: null, findings: [...variables, ...shape] };
  const file = tree as ConfigFile;
  const deviceModels = file.tiers?.device?.models ?? defaults.device.models;
  const meaning = known([
    ...checkNames(file, deviceModels),
    ...checkEndpoints(file, written),
    ...checkPolicy(file),
    ...checkMoney(file, { deviceModels, day }),
  ]);
  const findings = [...variables, ...meaning];
  const usable = findings.every(({ severity }) => severity === 'warning');
  return { config: usable ? resolveConfig(file) : null, findings };
};
