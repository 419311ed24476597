/** Whether a configuration holds here, looked at before any of its code is loaded: without one, `serve` starts faster. */
import { existsSync } from 'node:fs';
import type { SpillwayConfig } from '../config/config.js';
import { describeFault } from '../config/config-error.js';

const names = ['ts', 'yaml', 'yml', 'json'].map((ending) => `spillway.config.${ending}`);

/** The configuration of `--config` or of the working folder; null where there is none. Throws ConfigError. */
export const findConfig = async (
  path: string | undefined,
  warn: (line: string) => void,
): Promise<SpillwayConfig | null> => {
  if (path === undefined && !names.some((name) => existsSync(name))) return null;
  const { loadConfig } = await import('../config/load-config.js');
  const { config, warnings } = await loadConfig(path);
  for (const warning of warnings) warn(describeFault(warning));
  return config;
};
