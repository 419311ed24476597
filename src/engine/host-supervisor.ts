/**
 * Keeps a host process running: loads the model, and when the host dies starts another one, later each time it dies
 * young.
 *
 * Knows nothing of requests: it says when a host is ready, what it says, and when it is lost.
 */
import type { EngineModelInfo } from './engine.js';
import { EngineError } from './engine-error.js';
import type { HostCommand, HostMessage, HostOptions } from './host/protocol.js';
import { type HostEnd, type HostProcess, startHostProcess } from './host-process.js';
import { checkModelFile, explainLoadFailure } from './load-error.js';

export interface SupervisorEvents {
  /** A host has loaded the model. */
  ready(): void;
  message(message: HostMessage, binary: Uint8Array): void;
  /** The host is gone, or could not be started again; nothing that was sent to it will be answered. */
  lost(error: EngineError): void;
}

export interface HostSupervisor {
  readonly info: EngineModelInfo;
  readonly restarts: number;
  readonly pid: number | undefined;
  readonly isReady: boolean;
  send(command: HostCommand): void;
  stop(graceMs: number): Promise<void>;
}

/** A host that lived this long starts the count of restarts anew. */
const healthyMs = 60_000;
const firstDelayMs = 500;
const longestDelayMs = 30_000;

/** 0 for the first restart, then doubling. */
export const restartDelayMs = (deaths: number): number =>
  deaths <= 1 ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** (deaths - 2));

const describeEnd = ({ code, signal }: HostEnd): string =>
  signal !== null ? `signal ${signal}` : code === null ? 'no process' : `exit code ${code}`;

/** Resolves when the model is loaded; rejects with EngineError when it cannot be. */
export const startSupervisor = async (
  options: HostOptions,
  events: SupervisorEvents,
  settings: { readonly program?: string } = {},
): Promise<HostSupervisor> => {
  let host: HostProcess | null = null;
  let ready = false;
  let stopping = false;
  let restarts = 0;
  let deaths = 0;
  let info: EngineModelInfo | null = null;
  let timer: NodeJS.Timeout | undefined;

  const crashError = (end: HostEnd, lines: readonly string[]): EngineError => {
    const log = lines.slice(-5).join('\n');
    return new EngineError('host-crashed', `The engine host of model ${options.name} died (${describeEnd(end)})`, {
      details: { end: describeEnd(end), ...(log === '' ? {} : { log }) },
    });
  };

  /** Starts a host and waits until it has loaded the model. */
  const start = async (): Promise<void> => {
    checkModelFile(options.path);
    const startedMs = performance.now();
    let failure: Extract<HostMessage, { type: 'load-failed' }>['error'] | null = null;
    let settle: { resolve(): void; reject(error: EngineError): void } | null = null;
    const loaded = new Promise<void>((resolve, reject) => {
      settle = { resolve, reject };
    });
    const started = startHostProcess((message, binary) => {
      if (message.type === 'loaded') {
        info = message.info;
        ready = true;
        settle?.resolve();
        events.ready();
      } else if (message.type === 'load-failed') failure = message.error;
      else events.message(message, binary);
    }, settings);
    host = started;
    started.send({ type: 'load', options });
    void started.ended.then((end) => {
      if (host === started) host = null;
      if (!ready) {
        const how = failure ?? {
          code: 'model-load-failed' as const,
          message: `Cannot load ${options.path}: the engine host died with ${describeEnd(end)}`,
          details: { end: describeEnd(end) },
        };
        settle?.reject(explainLoadFailure({ ...how, path: options.path, lines: started.lines }));
        return;
      }
      ready = false;
      if (stopping) return;
      deaths = performance.now() - startedMs > healthyMs ? 1 : deaths + 1;
      events.lost(crashError(end, started.lines));
      restart();
    });
    await loaded;
  };

  const restart = (): void => {
    timer = setTimeout(() => {
      if (stopping) return;
      restarts++;
      start().catch((error: unknown) => {
        if (stopping) return;
        deaths++;
        const reason = error instanceof Error ? error.message : String(error);
        events.lost(
          new EngineError('host-crashed', `The engine host of model ${options.name} does not start again: ${reason}`, {
            cause: error,
          }),
        );
        restart();
      });
    }, restartDelayMs(deaths));
  };

  await start();
  return {
    get info() {
      return info!;
    },
    get restarts() {
      return restarts;
    },
    get pid() {
      return host?.pid;
    },
    get isReady() {
      return ready;
    },
    send: (command) => host?.send(command),
    async stop(graceMs) {
      stopping = true;
      clearTimeout(timer);
      await host?.stop(graceMs);
    },
  };
};
