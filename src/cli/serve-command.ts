/** `spillway serve`: the OpenAI-compatible server over the models of this device. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { addEngineFlags, collect, type EngineFlags, wholeNumber } from './engine-options.js';
import { outliveReaders, print, printJson, reportError } from './terminal.js';

interface ServeFlags extends EngineFlags {
  readonly model?: string[];
  readonly host: string;
  readonly port: number;
  readonly apiKey?: string[];
  readonly allowOrigin?: string[];
  readonly allowHost?: string[];
  readonly logLevel: string;
  readonly json?: boolean;
}

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

const serve = async (flags: ServeFlags): Promise<void> => {
  outliveReaders();
  // The engine loads its model in a process of its own while this one loads the server's code.
  const { openDevice } = await import('./open-device.js');
  const opening = openDevice(flags.model ?? [], flags);
  opening.catch(() => {});
  const [{ createServer }, { createLogger }, { hostnameOf, isLoopback }] = await Promise.all([
    import('../server/server.js'),
    import('./logger.js'),
    import('../server/access-guard.js'),
  ]);
  const device = await opening;
  const apiKeys = readKeys(flags);
  const server = createServer({
    tier: device.tier,
    stats: () => Object.fromEntries([...device.engines].map(([name, engine]) => [name, engine.stats()])),
    apiKeys,
    host: flags.host,
    port: flags.port,
    allowedHosts: flags.allowHost ?? [],
    allowedOrigins: flags.allowOrigin ?? [],
    logger: createLogger(flags.logLevel),
  });
  let url: string;
  try {
    ({ url } = await server.listen());
  } catch (error) {
    await device.close({ drainMs: 0 });
    throw error;
  }
  const models = [...device.engines.keys()];
  if (flags.json === true) printJson({ url, models, pid: process.pid });
  else {
    print(`Spillway serves ${models.join(', ')} at ${url}/v1`);
    print('Stop with Ctrl+C.');
  }
  if (apiKeys.length === 0 && !isLoopback(hostnameOf(flags.host)))
    process.stderr.write(
      `spillway: ${flags.host} is open to the network, and there is no --api-key: whoever reaches it can use it\n`,
    );

  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) process.exit(130);
    stopping = true;
    if (flags.json !== true) print('Finishing running requests; Ctrl+C again stops at once.');
    let exitCode = 0;
    try {
      await server.drain({ timeoutMs: drainMs });
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
    .option('--host <address>', 'address to bind', '127.0.0.1')
    .option('--port <n>', 'port to bind', wholeNumber(0, 65_535), 8080)
    .option('--api-key <key>', 'key that requests must carry, may be repeated (also SPILLWAY_API_KEY)', apiKey)
    .option('--allow-origin <origin>', 'web origin that may call from a browser, may be repeated', collect)
    .option('--allow-host <name>', 'further name that the Host header may carry, may be repeated', collect)
    .addOption(new Option('--log-level <level>', 'what is logged').choices(logLevels).default('warn'))
    .option('--json', 'print where it listens as JSON');
  addEngineFlags(command).action(serve);
};
