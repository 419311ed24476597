/**
 * One process that serves: the device, the router of a configuration and the HTTP server put together, and how they end.
 * Knows nothing of other processes but how to ask them.
 */
import type { SpillwayConfig } from '../config/config.js';
import type { Gateway } from '../gateway/gateway.js';
import type { RouteRecord } from '../gateway/route-log.js';
import type { OpenDevice } from './open-device.js';
import { isWithoutDevice, type ServeSettings } from './serve-settings.js';
import type { WorkerQuestion } from './worker-messages.js';

export interface ServeParts {
  /** Its start may still be under way: the server's code is loaded meanwhile. */
  readonly opening: Promise<OpenDevice>;
  readonly warn: (line: string) => void;
  /** Where this is one of several processes. */
  readonly worker?: {
    readonly number: number;
    /** What the others answered. */
    ask(question: WorkerQuestion): Promise<readonly unknown[]>;
  };
}

export interface Serving {
  readonly url: string;
  readonly port: number;
  readonly models: readonly string[];
  /** What another process asks. */
  answer(question: WorkerQuestion): Promise<unknown>;
  /** Lets running requests end, books them, and frees the models. */
  stop(): Promise<void>;
}

const keysLookupMs = 2_000;
const drainMs = 30_000;

const refuse = (): never => {
  throw new TypeError('A device without models was asked something');
};

/** What stands for a device without models. */
export const noDevice: OpenDevice = {
  tier: { name: 'device', models: () => [], chat: refuse, complete: refuse, embed: refuse },
  engines: new Map(),
  files: new Map(),
  close: async () => undefined,
};

/** A router over what the configuration names, and what the server needs of it. */
const openRouter = async (
  config: SpillwayConfig,
  device: OpenDevice | null,
  { warn, worker, workers }: Pick<ServeParts, 'warn' | 'worker'> & { readonly workers: number },
) => {
  const { openGateway } = await import('./open-gateway.js');
  const isFirst = worker === undefined || worker.number === 1;
  const note = isFirst ? warn : () => {};
  const { gateway, ledger } = await openGateway(config, { device, warn, note, workers });
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
        async route(id: string, keyId: string | null) {
          const here = gateway.route(id, keyId);
          if (here !== null || worker === undefined) return here;
          const answers = await worker.ask({ type: 'route', id, keyId });
          return (answers.find((answer) => answer !== null) as RouteRecord | undefined) ?? null;
        },
        consent: (id: string) => ledger.consent(id),
        answerConsent: (id: string, grant: boolean) => ledger.answerConsent(id, grant, Date.now()),
      },
    },
  };
};

/** Serves as soon as it resolves. Throws what the parts throw, and then has stopped what it started. */
export const startServing = async (settings: ServeSettings, parts: ServeParts): Promise<Serving> => {
  const { config, flags, host, port, apiKeys, workers } = settings;
  const { worker, warn } = parts;
  parts.opening.catch(() => {});
  const [{ createServer }, { createLogger }] = await Promise.all([
    import('../server/server.js'),
    import('./logger.js'),
  ]);
  const device = await parts.opening;
  let gateway: Gateway | null = null;
  try {
    const router =
      config === null
        ? null
        : await openRouter(config, isWithoutDevice(settings) ? null : device, {
            warn,
            workers,
            ...(worker === undefined ? {} : { worker }),
          });
    gateway = router?.gateway ?? null;
    const server = createServer({
      tier: device.tier,
      stats: () => Object.fromEntries([...device.engines].map(([name, engine]) => [name, engine.stats()])),
      ...router?.server,
      ...(worker === undefined ? {} : { siblings: worker }),
      apiKeys,
      host,
      port,
      allowedHosts: flags.allowHost ?? [],
      allowedOrigins: flags.allowOrigin ?? [],
      logger: createLogger(flags.logLevel, worker === undefined ? {} : { worker: worker.number }),
    });
    const bound = await server.listen();
    return {
      url: bound.url,
      port: bound.port,
      models: gateway === null ? [...device.engines.keys()] : gateway.models().map(({ id }) => id),
      answer: async (question) =>
        question.type === 'route'
          ? (router?.gateway.route(question.id, question.keyId) ?? null)
          : server.answer(question),
      async stop() {
        await server.drain({ timeoutMs: drainMs });
        await router?.gateway.close();
        await device.close({ drainMs: 1000 });
      },
    };
  } catch (error) {
    await gateway?.close();
    await device.close({ drainMs: 0 });
    throw error;
  }
};
