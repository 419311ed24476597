/**
 * The Engine over a host process: hands requests to it, hands its events out, fails them when it dies, and lets it
 * drain at the end.
 *
 * Loads no native code. What the host does with a request is in `host/`.
 */
import { setMaxListeners } from 'node:events';
import { checkEmbed, checkGenerate } from './check-generate.js';
import type { CallOptions, EmbedResult, Engine, EngineStats, GenerateEvent } from './engine.js';
import { EngineError } from './engine-error.js';
import { createEventStream } from './event-stream.js';
import {
  type HostCommand,
  type HostMessage,
  type HostOptions,
  statNames,
  type WireError,
  type WireEvent,
} from './host/protocol.js';
import { type HostSupervisor, type SupervisorEvents, startSupervisor } from './host-supervisor.js';

export interface HostEngineOptions {
  /** Name that requests use. */
  readonly name: string;
  readonly modelPath: string;
  /** Tokens of prompt and answer that one request may have; default 8,192 or what the model was trained for. */
  readonly contextLength?: number;
  /** Sequences that decode at once; default 4. */
  readonly parallel?: number;
  /** Default: the physical cores that this process may use. */
  readonly threads?: number;
  /** Layers on the GPU; negative (default) for all. */
  readonly gpuLayers?: number;
  /** Default `auto`: a stream for each sequence where that fits `kvBytesLimit`, else one pool. */
  readonly kvLayout?: 'separate' | 'unified' | 'auto';
  /** Memory for keys and values; default half of what is free. */
  readonly kvBytesLimit?: number;
  /** Host memory for prefixes that had to leave the cache; default 512 MiB. */
  readonly spillBytes?: number;
  /** Requests that may wait; default 1,024. */
  readonly queueLimit?: number;
  /** Another program in the host's place, for tests. */
  readonly hostProgram?: string;
}

export interface HostEngine extends Engine {
  /** Process id of the host; undefined while there is none. */
  readonly hostPid: number | undefined;
}

/** Something asked of the host that is not done. */
interface Pending {
  /** Sent again to nobody: a request that is in a host dies with it. */
  sent: boolean;
  readonly command: HostCommand;
  message(message: HostMessage, binary: Uint8Array): void;
  event(event: WireEvent): void;
  fail(error: EngineError, atOnce: boolean): void;
}

const defaultDrainMs = 10_000;
const stopGraceMs = 2_000;

const toError = ({ code, message, details }: WireError): EngineError => new EngineError(code, message, { details });

const toEvent = (event: WireEvent): GenerateEvent | null => {
  switch (event[0]) {
    case 'start':
      return { type: 'start', promptTokens: event[2], cachedTokens: event[3] };
    case 'text':
      return event[4] === undefined
        ? { type: 'text', text: event[2], tokens: event[3] }
        : { type: 'text', text: event[2], tokens: event[3], logprobs: event[4] };
    case 'first':
      return { type: 'first-token-logprobs', logprobs: event[2].map((logprob) => logprob ?? -Infinity) };
    case 'end': {
      const [, , reason, stop, [promptTokens, cachedTokens, completionTokens], [queueMs, ttftMs, totalMs]] = event;
      return {
        type: 'end',
        reason,
        ...(stop === null ? {} : { stop }),
        usage: { promptTokens, cachedTokens, completionTokens },
        timings: { queueMs, ttftMs, totalMs },
      };
    }
    case 'error':
      return null;
    default:
      return event satisfies never;
  }
};

/** The options of a host, as it is told them. */
export const hostOptionsOf = (options: HostEngineOptions): HostOptions => ({
  name: options.name,
  path: options.modelPath,
  contextLength: options.contextLength ?? null,
  parallel: options.parallel ?? null,
  threads: options.threads ?? null,
  gpuLayers: options.gpuLayers ?? -1,
  kvLayout: options.kvLayout ?? 'auto',
  kvBytesLimit: options.kvBytesLimit ?? null,
  spillBytes: options.spillBytes ?? 512 * 2 ** 20,
  queueLimit: options.queueLimit ?? 1024,
});

/** Starts the host and loads the model. Throws EngineError when that cannot be done. */
export const createHostEngine = (options: HostEngineOptions): Promise<HostEngine> =>
  createSupervisedEngine(options.name, (events) =>
    startSupervisor(
      hostOptionsOf(options),
      events,
      options.hostProgram === undefined ? {} : { program: options.hostProgram },
    ),
  );

/** The engine over a host that somebody keeps running; `name` is the model's. */
export const createSupervisedEngine = async (
  name: string,
  supervise: (events: SupervisorEvents) => Promise<HostSupervisor>,
): Promise<HostEngine> => {
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let closing = false;
  let drained: (() => void) | null = null;
  /** Counters of hosts that are gone, and the last word of the one that runs. */
  const past = new Float64Array(statNames.length);
  let latest: readonly number[] = [];

  const done = (id: number): void => {
    pending.delete(id);
    if (pending.size === 0) drained?.();
  };

  const failAll = (error: EngineError, which: (one: Pending) => boolean): void => {
    for (const [id, one] of [...pending]) {
      if (!which(one)) continue;
      done(id);
      one.fail(error, false);
    }
  };

  const supervisor = await supervise({
    ready() {
      for (const one of pending.values()) {
        one.sent = true;
        supervisor.send(one.command);
      }
    },
    message(message, binary) {
      if (message.type === 'step') {
        latest = message.stats;
        for (const event of message.events) pending.get(event[1])?.event(event);
      } else if ('id' in message) pending.get(message.id)?.message(message, binary);
    },
    lost(error) {
      // Gauges of a dead host are 0, its counters stay.
      latest.forEach((value, index) => {
        if (index >= 4) past[index]! += value;
      });
      latest = [];
      failAll(error, () => true);
    },
  });

  /** Sends a command now, or as soon as there is a host again. */
  const submit = (id: number, one: Omit<Pending, 'sent'>): void => {
    if (closing) throw new EngineError('shutting-down', `Model ${name} takes no new request: it shuts down`);
    const entry: Pending = { ...one, sent: supervisor.isReady };
    pending.set(id, entry);
    if (entry.sent) supervisor.send(one.command);
  };

  /** Follows the caller's signal; returns how to stop following. */
  const follow = (id: number, signal: AbortSignal | undefined): (() => void) => {
    if (signal === undefined) return () => undefined;
    const abort = (): void => {
      const one = pending.get(id);
      if (one === undefined) return;
      done(id);
      supervisor.send({ type: 'cancel', id });
      one.fail(new EngineError('cancelled', 'The request was cancelled by its caller'), true);
    };
    // One signal for the many choices of one request is no leak.
    setMaxListeners(0, signal);
    if (signal.aborted) queueMicrotask(abort);
    else signal.addEventListener('abort', abort, { once: true });
    return () => signal.removeEventListener('abort', abort);
  };

  const generate: Engine['generate'] = (request, call: CallOptions = {}) => {
    const id = nextId++;
    let unfollow = (): void => undefined;
    const stream = createEventStream<GenerateEvent>({
      start() {
        const wire = checkGenerate(request, performance.timeOrigin + performance.now());
        submit(id, {
          command: { type: 'generate', id, request: wire },
          message(message) {
            if (message.type === 'failed') this.fail(toError(message.error), false);
          },
          event(event) {
            if (event[0] === 'error') {
              done(id);
              this.fail(toError(event[2]), false);
              return;
            }
            stream.push(toEvent(event)!);
            if (event[0] !== 'end') return;
            done(id);
            unfollow();
            stream.end();
          },
          fail(error, atOnce) {
            done(id);
            unfollow();
            stream.fail(error, { atOnce });
          },
        });
        unfollow = follow(id, call.signal);
      },
      leave() {
        unfollow();
        done(id);
        supervisor.send({ type: 'cancel', id });
      },
    });
    return stream;
  };

  /** A command with one answer. */
  const ask = <Answer>(
    make: (id: number) => HostCommand,
    read: (message: HostMessage, binary: Uint8Array) => Answer | undefined,
    signal?: AbortSignal,
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      let unfollow = (): void => undefined;
      submit(id, {
        command: make(id),
        event: () => undefined,
        message(message, binary) {
          done(id);
          unfollow();
          if (message.type === 'failed') {
            reject(toError(message.error));
            return;
          }
          const answer = read(message, binary);
          if (answer === undefined)
            reject(new EngineError('decode-failed', `The engine host answered ${message.type}`));
          else resolve(answer);
        },
        fail(error) {
          unfollow();
          reject(error);
        },
      });
      unfollow = follow(id, signal);
    });

  const embed: Engine['embed'] = async (request, call = {}) => {
    const wire = checkEmbed(request, performance.timeOrigin + performance.now());
    return ask<EmbedResult>(
      (id) => ({ type: 'embed', id, request: wire }),
      (message, binary) => {
        if (message.type !== 'vectors') return undefined;
        // A copy: the bytes lie in a larger buffer, at any offset (and `slice` of a Buffer would not copy).
        const floats = new Float32Array(new Uint8Array(binary).buffer);
        const width = message.count === 0 ? 0 : floats.length / message.count;
        const vectors = Array.from({ length: message.count }, (_, index) =>
          floats.subarray(index * width, (index + 1) * width),
        );
        return { vectors, promptTokens: message.promptTokens };
      },
      call.signal,
    );
  };

  const stats = (): EngineStats => {
    const value = (index: number): number => past[index]! + (latest[index] ?? 0);
    const waiting = [...pending.values()].filter((one) => !one.sent).length;
    return {
      sequencesRunning: value(0),
      sequencesQueued: value(1) + waiting,
      kvCellsUsed: value(2),
      kvCellsTotal: value(3),
      promptTokens: value(4),
      cachedPromptTokens: value(5),
      completionTokens: value(6),
      decodeSteps: value(7),
      decodeStepSequences: value(8),
      hostRestarts: supervisor.restarts,
    };
  };

  return {
    get info() {
      return supervisor.info;
    },
    get hostPid() {
      return supervisor.pid;
    },
    tokenize: (text, how = {}) =>
      ask(
        (id) => ({
          type: 'tokenize',
          id,
          text,
          addSpecial: how.addSpecial ?? false,
          parseSpecial: how.parseSpecial ?? false,
        }),
        (message) => (message.type === 'tokens' ? [...message.tokens] : undefined),
      ),
    detokenize: (tokens) =>
      ask(
        (id) => ({ type: 'detokenize', id, tokens }),
        (message) => (message.type === 'detokenized' ? message.text : undefined),
      ),
    generate,
    embed,
    stats,
    async close(how = {}) {
      closing = true;
      if (pending.size > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, how.drainMs ?? defaultDrainMs);
          drained = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        failAll(new EngineError('shutting-down', `Model ${name} shut down before the request was done`), () => true);
      }
      await supervisor.stop(stopGraceMs);
    },
  };
};
