/** What `spillway serve` was told by flags, environment and configuration. Every process of a server reads it alike. */
import type { Command } from 'commander';
import type { SpillwayConfig } from '../config/config.js';
import type { EngineFlags } from './engine-options.js';
import { findConfig } from './find-config.js';

export interface ServeFlags extends EngineFlags {
  readonly model?: string[];
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  readonly apiKey?: string[];
  readonly allowOrigin?: string[];
  readonly allowHost?: string[];
  readonly config?: string;
  readonly logLevel: string;
  readonly json?: boolean;
}

export interface ServeSettings {
  readonly flags: ServeFlags;
  /** Null: everything stays on the device. */
  readonly config: SpillwayConfig | null;
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  readonly apiKeys: readonly string[];
  /** Names or paths; none with a configuration means no device, without one the embedded model. */
  readonly models: readonly string[];
}

/** Keys from `--api-key` and from SPILLWAY_API_KEY (several, separated by commas). */
const readKeys = (flags: ServeFlags): string[] =>
  [...(flags.apiKey ?? []), ...(process.env.SPILLWAY_API_KEY ?? '').split(',')]
    .map((key) => key.trim())
    .filter((key) => key !== '');

/** `warn` is told what the configuration should not say. Throws ConfigError. */
export const readSettings = async (
  flags: ServeFlags,
  command: Command,
  warn: (line: string) => void,
): Promise<ServeSettings> => {
  const config = await findConfig(flags.config, warn);
  const said = { host: flags.host, port: flags.port, workers: flags.workers };
  const given = <Name extends keyof typeof said>(name: Name): (typeof said)[Name] =>
    config === null || command.getOptionValueSource(name) !== 'default' ? said[name] : config.server[name];
  return {
    flags,
    config,
    host: given('host'),
    port: given('port'),
    workers: given('workers'),
    apiKeys: readKeys(flags),
    models: flags.model ?? config?.tiers.device.models ?? [],
  };
};

/** True where no model is to run here. */
export const isWithoutDevice = ({ config, models }: ServeSettings): boolean => config !== null && models.length === 0;
