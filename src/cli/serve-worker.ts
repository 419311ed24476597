/**
 * One of several processes that serve one port. Its engines are those of the process that keeps it, which also carries
 * questions to the other workers.
 */
import cluster from 'node:cluster';
import { Socket } from 'node:net';
import { linkHosts } from '../engine/relay-link.js';
import { shareDevice } from './open-device.js';
import { noDevice, startServing } from './serve-process.js';
import { isWithoutDevice, type ServeSettings } from './serve-settings.js';
import { reportError } from './terminal.js';
import {
  type FromWorker,
  hostChannel,
  portVariable,
  type ToWorker,
  type WorkerQuestion,
  workerVariable,
} from './worker-messages.js';

const send = (message: FromWorker): void => {
  if (cluster.worker?.isConnected() === true) process.send!(message);
};

/** Runs until it is told to drain, or the process that keeps it ends. */
export const serveWorker = async (settings: ServeSettings, warn: (line: string) => void): Promise<void> => {
  const number = Number(process.env[workerVariable]);
  const port = Number(process.env[portVariable] ?? settings.port);
  const waiting = new Map<number, (answers: readonly unknown[]) => void>();
  let nextId = 1;
  const ask = (question: WorkerQuestion): Promise<readonly unknown[]> =>
    new Promise((resolve) => {
      const id = nextId++;
      waiting.set(id, resolve);
      send({ type: 'ask', id, question });
    });

  try {
    const opening = isWithoutDevice(settings)
      ? Promise.resolve(noDevice)
      : shareDevice(settings.models, linkHosts(new Socket({ fd: hostChannel })));
    const serving = await startServing({ ...settings, port }, { opening, warn, worker: { number, ask } });

    let stopping = false;
    const stop = async (): Promise<void> => {
      if (stopping) return;
      stopping = true;
      let exitCode = 0;
      try {
        await serving.stop();
      } catch (error) {
        reportError(error);
        exitCode = 1;
      }
      process.exit(exitCode);
    };
    process.on('message', (message: ToWorker) => {
      switch (message.type) {
        case 'drain':
          void stop();
          break;
        case 'ask': {
          const { id, question } = message;
          void serving.answer(question).then((answer) => send({ type: 'answer', id, answer: answer ?? null }));
          break;
        }
        case 'answers':
          waiting.get(message.id)?.(message.answers);
          waiting.delete(message.id);
          break;
        default:
          message satisfies never;
      }
    });
    process.on('SIGTERM', () => void stop());
    // A terminal sends it to all; when and how to end says the process that keeps this one.
    process.on('SIGINT', () => {});
    send({ type: 'serving', url: serving.url, port: serving.port, models: serving.models });
  } catch (error) {
    reportError(error);
    process.exit(1);
  }
};
