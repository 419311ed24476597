/**
 * Keeps several processes that serve one port: starts them, starts one again that ended, carries their questions to each
 * other, drains them all. It has the engine hosts, one for each model, which they share; it serves nothing itself.
 */
import cluster, { type Worker } from 'node:cluster';
import type { Duplex } from 'node:stream';
import type { HostRelay } from '../engine/host-relay.js';
import { restartDelayMs } from '../engine/host-supervisor.js';
import { serveHosts } from '../engine/relay-link.js';
import { startHosts } from './open-device.js';
import { isWithoutDevice, type ServeSettings } from './serve-settings.js';
import {
  type FromWorker,
  hostChannel,
  portVariable,
  type ToWorker,
  type WorkerQuestion,
  workerVariable,
} from './worker-messages.js';

export interface ServingWorkers {
  readonly url: string;
  readonly models: readonly string[];
  /** Lets all of them drain; resolves with the exit code. */
  stop(): Promise<number>;
}

/** One that lived this long starts the count of deaths anew. */
const healthyMs = 60_000;
/** What a worker does not answer within this is left out. */
const answerMs = 2_000;
const hostGraceMs = 2_000;

interface Running {
  readonly worker: Worker;
  readonly startedMs: number;
  isServing: boolean;
  /** Questions that it has not answered. */
  readonly asked: Map<number, (answer: unknown) => void>;
}

/** Foreseen, so that it is shown without a stack; why, the worker has said itself. */
class WorkerError extends Error {
  readonly code = 'worker-failed';
}

/** Answers an unanswered question with this: plain data cannot be it. */
const nothing = Symbol('nothing');

/** Resolves when all workers serve; throws where one cannot, which has said why. */
export const serveWorkers = async (settings: ServeSettings, warn: (line: string) => void): Promise<ServingWorkers> => {
  const hosts: ReadonlyMap<string, HostRelay> = isWithoutDevice(settings)
    ? new Map()
    : await startHosts(settings.models, settings.flags);
  const running = new Map<number, Running>();
  const deaths = new Map<number, number>();
  let nextQuestion = 1;
  let bound: Extract<FromWorker, { readonly type: 'serving' }> | null = null;
  let isUp = false;
  let stopping = false;
  let exitCode = 0;
  let allGone: () => void = () => {};
  let onServing: () => void = () => {};
  let onFailed: (error: Error) => void = () => {};

  cluster.setupPrimary({ stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'] });

  const tell = ({ worker }: Running, message: ToWorker): void => {
    // One that just ended is told nothing any more.
    if (worker.isConnected()) worker.send(message, () => {});
  };

  const askOne = (one: Running, question: WorkerQuestion): Promise<unknown> =>
    new Promise((resolve) => {
      const id = nextQuestion++;
      const settle = (answer: unknown): void => {
        clearTimeout(late);
        one.asked.delete(id);
        resolve(answer);
      };
      const late = setTimeout(settle, answerMs, nothing);
      one.asked.set(id, settle);
      tell(one, { type: 'ask', id, question });
    });

  const askOthers = async (asking: Running, { id, question }: Extract<FromWorker, { type: 'ask' }>): Promise<void> => {
    const others = [...running.values()].filter((one) => one !== asking && one.isServing);
    const answers = await Promise.all(others.map((one) => askOne(one, question)));
    tell(asking, { type: 'answers', id, answers: answers.filter((answer) => answer !== nothing) });
  };

  const start = (number: number): void => {
    const worker = cluster.fork({
      [workerVariable]: String(number),
      ...(bound === null ? {} : { [portVariable]: String(bound.port) }),
    });
    const one: Running = { worker, startedMs: performance.now(), isServing: false, asked: new Map() };
    running.set(number, one);
    const detach = serveHosts(worker.process.stdio[hostChannel] as Duplex, hosts);
    worker.on('message', (message: FromWorker) => {
      switch (message.type) {
        case 'serving':
          one.isServing = true;
          bound ??= message;
          onServing();
          break;
        case 'ask':
          void askOthers(one, message);
          break;
        case 'answer':
          one.asked.get(message.id)?.(message.answer);
          break;
        default:
          message satisfies never;
      }
    });
    worker.once('exit', (code, signal) => {
      detach();
      running.delete(number);
      for (const settle of [...one.asked.values()]) settle(nothing);
      if (stopping) {
        if (one.isServing) exitCode = Math.max(exitCode, code ?? 1);
        if (running.size === 0) allGone();
        return;
      }
      const how = signal === null || signal === undefined ? `exit code ${code}` : `signal ${signal}`;
      if (!isUp) {
        onFailed(
          new WorkerError(`Cannot serve with ${settings.workers} workers: number ${number} could not start (${how}).`),
        );
        return;
      }
      warn(`Worker ${number} ended (${how}); another one takes its place.`);
      const count = performance.now() - one.startedMs > healthyMs ? 1 : (deaths.get(number) ?? 0) + 1;
      deaths.set(number, count);
      setTimeout(() => {
        if (!stopping) start(number);
      }, restartDelayMs(count));
    });
  };

  const stop = async (): Promise<number> => {
    stopping = true;
    const gone = new Promise<void>((resolve) => {
      allGone = resolve;
    });
    for (const one of running.values())
      if (one.isServing) tell(one, { type: 'drain' });
      // It is still starting: nothing runs in it, and it may not hear yet.
      else one.worker.process.kill('SIGKILL');
    if (running.size > 0) await gone;
    await Promise.all([...hosts.values()].map((host) => host.stop(hostGraceMs)));
    return exitCode;
  };

  try {
    await new Promise<void>((resolve, reject) => {
      onFailed = reject;
      onServing = () => {
        if (running.size === settings.workers && [...running.values()].every(({ isServing }) => isServing)) resolve();
      };
      for (let number = 1; number <= settings.workers; number++) start(number);
    });
  } catch (error) {
    stopping = true;
    for (const { worker } of running.values()) worker.process.kill('SIGKILL');
    await Promise.all([...hosts.values()].map((host) => host.stop(0)));
    throw error;
  }
  isUp = true;
  return { url: bound!.url, models: bound!.models, stop };
};
