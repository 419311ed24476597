/** `spillway serve`: the OpenAI-compatible server, in one process or several. */
import cluster from 'node:cluster';
import { setFlagsFromString } from 'node:v8';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { addEngineFlags, collect, wholeNumber } from './engine-options.js';
import { isWithoutDevice, readSettings, type ServeFlags, type ServeSettings } from './serve-settings.js';
import { outliveReaders, print, printJson, reportError } from './terminal.js';

const logLevels = ['error', 'warn', 'info', 'silent'];

/** An empty key is a shell variable that was not set: taken for no key, it would leave the server open. */
const apiKey = (value: string, before: readonly string[] | undefined): string[] => {
  if (value.trim() === '') throw new InvalidArgumentError('It is empty.');
  return collect(value, before);
};

const warn = (line: string): void => {
  process.stderr.write(`spillway: ${line}\n`);
};

/**
 * Keeps V8's young generation at its first size where only this device is served. Streams make much garbage that dies at
 * once; left alone, the space for it grows to 48 MB and stays (measured at 32 streams: 118 MB resident against 96, for
 * about 5% more processor time). A gateway has many requests in flight, which a small one would promote: there it grows.
 */
const keepYoungGenerationSmall = ({ config }: ServeSettings): void => {
  if (config === null) setFlagsFromString('--semi-space-growth-factor=1');
};

interface Started {
  readonly url: string;
  readonly models: readonly string[];
  /** Resolves with the exit code. */
  stop(): Promise<number>;
}

const startAlone = async (settings: ServeSettings): Promise<Started> => {
  // The engine loads its model in a process of its own while this one loads the server's code.
  const { openDevice } = await import('./open-device.js');
  const opening = isWithoutDevice(settings) ? null : openDevice(settings.models, settings.flags);
  opening?.catch(() => {});
  const { noDevice, startServing } = await import('./serve-process.js');
  const serving = await startServing(settings, { opening: opening ?? Promise.resolve(noDevice), warn });
  return { ...serving, stop: async () => serving.stop().then(() => 0) };
};

const startWorkers = async (settings: ServeSettings): Promise<Started> => {
  const { serveWorkers } = await import('./serve-workers.js');
  return serveWorkers(settings, warn);
};

const isOpenToAll = async ({ host, apiKeys }: ServeSettings): Promise<boolean> => {
  const { hostnameOf, isLoopback } = await import('../server/access-guard.js');
  return apiKeys.length === 0 && !isLoopback(hostnameOf(host));
};

const serve = async (flags: ServeFlags, command: Command): Promise<void> => {
  outliveReaders();
  if (cluster.isWorker) {
    const settings = await readSettings(flags, command, () => {});
    keepYoungGenerationSmall(settings);
    const { serveWorker } = await import('./serve-worker.js');
    await serveWorker(settings, warn);
    return;
  }
  const settings = await readSettings(flags, command, warn);
  keepYoungGenerationSmall(settings);
  const { url, models, stop } = await (settings.workers > 1 ? startWorkers(settings) : startAlone(settings));
  if (flags.json === true) printJson({ url, models, pid: process.pid });
  else {
    print(`Spillway serves ${models.join(', ')} at ${url}/v1`);
    print('Stop with Ctrl+C.');
  }
  if (await isOpenToAll(settings))
    warn(`${settings.host} is open to the network, and there is no --api-key: whoever reaches it can use it`);

  let stopping = false;
  const end = async (): Promise<void> => {
    if (stopping) process.exit(130);
    stopping = true;
    if (flags.json !== true) print('Finishing running requests; Ctrl+C again stops at once.');
    let exitCode = 0;
    try {
      exitCode = await stop();
    } catch (error) {
      reportError(error);
      exitCode = 1;
    }
    process.exit(exitCode);
  };
  process.on('SIGTERM', () => void end());
  process.on('SIGINT', () => void end());
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
    .option('--workers <n>', 'processes that serve the port together; models are loaded once', wholeNumber(1, 256), 1)
    .option('--api-key <key>', 'key that requests must carry, may be repeated (also SPILLWAY_API_KEY)', apiKey)
    .option('--allow-origin <origin>', 'web origin that may call from a browser, may be repeated', collect)
    .option('--allow-host <name>', 'further name that the Host header may carry, may be repeated', collect)
    .addOption(new Option('--log-level <level>', 'what is logged').choices(logLevels).default('warn'))
    .option('--json', 'print where it listens as JSON');
  addEngineFlags(command).action(serve);
};
