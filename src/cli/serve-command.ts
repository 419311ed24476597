/** `spillway serve`: the OpenAI-compatible server over the models of this device. */
import { setFlagsFromString } from 'node:v8';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { SpillwayConfig } from '../config/config.js';
import { addEngineFlags, collect, type EngineFlags, wholeNumber } from './engine-options.js';
import { findConfig } from './find-config.js';
import type { OpenDevice } from './open-device.js';
import { outliveReaders, print, printJson, reportError } from './terminal.js';

interface ServeFlags extends EngineFlags {
  readonly model?: string[];
  readonly host: string;
  readonly port: number;
  readonly apiKey?: string[];
  readonly allowOrigin?: string[];
  readonly allowHost?: string[];
  readonly config?: string;
  readonly logLevel: string;
  readonly json?: boolean;
}

const refuse = (): never => {
  throw new TypeError('A device without models was asked something');
};

/** What stands for a device without models. */
const noDevice: OpenDevice = {
  tier: { name: 'device', models: () => [], chat: refuse, complete: refuse, embed: refuse },
  engines: new Map(),
  files: new Map(),
  close: async () => undefined,
};

const keysLookupMs = 2_000;
const drainMs = 30_000;
const logLevels = ['error', 'warn', 'info', 'silent'];

/** An empty key is a shell variable that was not set: taken for no key, it would leave the server open. */
const apiKey = (value: string, before: readonly string[] | undefined): string[] => {
  if (value.trim() === '') throw new InvalidArgumentError('It is empty.');
  return collect(value, before);
};

/** Keys from `--api-key` and from SPILLWAY_API_KEY (several, separated by commas). */
const readKeys = (flags: ServeFlags): string[] =>
  [...(flags.apiKey ?? []), ...(process.env.SPILLWAY_API_KEY ?? '').split(',')]
    .map((key) => key.trim())
    .filter((key) => key !== '');

const warn = (line: string): void => {
  process.stderr.write(`spillway: ${line}\n`);
};

/** A router over what the configuration names, and what the server needs of it. */
const openRouter = async (config: SpillwayConfig, device: OpenDevice | null) => {
  const { openGateway } = await import('./open-gateway.js');
  const { gateway, ledger } = await openGateway(config, { device, warn });
  /** Looked up now and then: a first key closes the server within seconds. */
  let lookedUp = { atMs: Number.NEGATIVE_INFINITY, hasKeys: false };
  const areRequired = async (): Promise<boolean> => {
    if (performance.now() - lookedUp.atMs > keysLookupMs) {
      const hasKeys = (await ledger.listKeys()).some(({ revokedMs }) => revokedMs === null);
      lookedUp = { atMs: performance.now(), hasKeys };
    }
    return lookedUp.hasKeys;
  };
  return {
    gateway,
    server: {
      tier: gateway,
      keys: {
        identify: (secret: string) => ledger.identify(secret),
        areRequired,
      },
      routing: {
        route: gateway.route,
        consent: (id: string) => ledger.consent(id),
        answerConsent: (id: string, grant: boolean) => ledger.answerConsent(id, grant, Date.now()),
      },
    },
  };
};

/**
 * Keeps V8's young generation at its first size. Streams make much garbage that dies at once; left alone, the space for
 * it grows to 48 MB and stays (measured at 32 streams: 118 MB resident against 96, for about 5% more processor time).
 */
const keepYoungGenerationSmall = (): void => setFlagsFromString('--semi-space-growth-factor=1');

const serve = async (flags: ServeFlags, command: Command): Promise<void> => {
  keepYoungGenerationSmall();
  outliveReaders();
  const config = await findConfig(flags.config, warn);
  const isGiven = (flag: string): boolean => command.getOptionValueSource(flag) !== 'default';
  const host = config === null || isGiven('host') ? flags.host : config.server.host;
  const port = config === null || isGiven('port') ? flags.port : config.server.port;
  const wanted = flags.model ?? config?.tiers.device.models ?? [];
  // The engine loads its model in a process of its own while this one loads the server's code.
  const { openDevice } = await import('./open-device.js');
  const opening = config !== null && wanted.length === 0 ? Promise.resolve(noDevice) : openDevice(wanted, flags);
  opening.catch(() => {});
  const [{ createServer }, { createLogger }, { hostnameOf, isLoopback }] = await Promise.all([
    import('../server/server.js'),
    import('./logger.js'),
    import('../server/access-guard.js'),
  ]);
  const device = await opening;
  const apiKeys = readKeys(flags);
  const router = config === null ? null : await openRouter(config, device === noDevice ? null : device);
  const server = createServer({
    tier: device.tier,
    stats: () => Object.fromEntries([...device.engines].map(([name, engine]) => [name, engine.stats()])),
    ...router?.server,
    apiKeys,
    host,
    port,
    allowedHosts: flags.allowHost ?? [],
    allowedOrigins: flags.allowOrigin ?? [],
    logger: createLogger(flags.logLevel),
  });
  let url: string;
  try {
    ({ url } = await server.listen());
  } catch (error) {
    await router?.gateway.close();
    await device.close({ drainMs: 0 });
    throw error;
  }
  const models = router === null ? [...device.engines.keys()] : router.gateway.models().map(({ id }) => id);
  if (flags.json === true) printJson({ url, models, pid: process.pid });
  else {
    print(`Spillway serves ${models.join(', ')} at ${url}/v1`);
    print('Stop with Ctrl+C.');
  }
  if (apiKeys.length === 0 && !isLoopback(hostnameOf(host)))
    process.stderr.write(
      `spillway: ${host} is open to the network, and there is no --api-key: whoever reaches it can use it\n`,
    );

  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) process.exit(130);
    stopping = true;
    if (flags.json !== true) print('Finishing running requests; Ctrl+C again stops at once.');
    let exitCode = 0;
    try {
      await server.drain({ timeoutMs: drainMs });
      await router?.gateway.close();
      await device.close({ drainMs: 1000 });
    } catch (error) {
      reportError(error);
      exitCode = 1;
    }
    process.exit(exitCode);
  };
  process.on('SIGTERM', () => void stop());
  process.on('SIGINT', () => void stop());
};

export const addServeCommand = (program: Command): void => {
  const command = program
    .command('serve')
    .description('serve models of this device on the OpenAI API')
    .option(
      '--model <name|path.gguf>',
      'a model to serve, may be repeated; the first answers requests that name none (default: pocket)',
      collect,
    )
    .option('--config <file>', 'the configuration (default: spillway.config.* in this folder, if there is one)')
    .option('--host <address>', 'address to bind', '127.0.0.1')
    .option('--port <n>', 'port to bind', wholeNumber(0, 65_535), 8080)
    .option('--api-key <key>', 'key that requests must carry, may be repeated (also SPILLWAY_API_KEY)', apiKey)
    .option('--allow-origin <origin>', 'web origin that may call from a browser, may be repeated', collect)
    .option('--allow-host <name>', 'further name that the Host header may carry, may be repeated', collect)
    .addOption(new Option('--log-level <level>', 'what is logged').choices(logLevels).default('warn'))
    .option('--json', 'print where it listens as JSON');
  addEngineFlags(command).action(serve);
};
