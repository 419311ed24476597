/**
 * The direction of imports, as data: which room may import which, which files are pure, and who may touch native code.
 * The reasons stand in docs/architecture.md.
 */

export interface LayerRules {
  /** Room -> rooms that it may import ('*' for all). A room missing here is a violation. */
  readonly rooms: Readonly<Record<string, readonly string[]>>;
  /** Packages that only some path prefixes may import. */
  readonly packages: readonly { readonly packages: readonly string[]; readonly importers: readonly string[] }[];
  /** Path prefixes inside rooms allowed to import llama that must stay clear of it all the same. */
  readonly llamaForbidden: readonly string[];
  /** Path prefixes without I/O, clock or randomness. */
  readonly pure: readonly string[];
  readonly purePackages: readonly string[];
  readonly impure: readonly (readonly [pattern: RegExp, name: string])[];
}

export const layerRules: LayerRules = {
  rooms: {
    llama: [],
    engine: ['llama'],
    models: [],
    tiers: ['engine', 'models'],
    route: ['tiers'],
    trust: ['tiers'],
    ledger: ['route', 'trust', 'tiers'],
    config: ['route', 'tiers'],
    gateway: ['engine', 'tiers', 'route', 'ledger', 'trust', 'config'],
    server: ['engine', 'tiers', 'gateway', 'ledger', 'route'],
    tune: ['llama', 'models'],
    cli: ['*'],
  },
  packages: [
    { packages: ['koffi', '@node-llama-cpp'], importers: ['src/llama/'] },
    { packages: ['fastify', 'prom-client'], importers: ['src/server/'] },
    { packages: ['commander'], importers: ['src/cli/'] },
    { packages: ['undici'], importers: ['src/tiers/remote/'] },
    { packages: ['libsql', 'pg', 'kysely'], importers: ['src/ledger/'] },
  ],
  llamaForbidden: ['src/engine/scheduler', 'src/engine/engine', 'src/engine/client'],
  pure: [
    'src/route/',
    'src/tiers/third-party/redaction/',
    'src/engine/scheduler',
    'src/tune/taxonomy/template',
    'src/models/normalize',
    'src/models/pocket-decision',
  ],
  purePackages: [],
  impure: [
    [/\bDate\.now\b|\bnew Date\b|\bperformance\.now\b/, 'the clock'],
    [/\bMath\.random\b/, 'randomness'],
    [/\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b/, 'timers'],
    [/\bprocess\./, 'process'],
    [/\bfetch\(/, 'the network'],
  ],
};
