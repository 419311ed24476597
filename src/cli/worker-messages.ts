/** What the process that keeps the workers and the workers say to each other beside the engine's messages. Data only. */
import type { SiblingQuestion } from '../server/siblings.js';

/** What workers ask each other: what servers do, and who remembers a route. */
export type WorkerQuestion =
  | SiblingQuestion
  /** Answered with a `RouteRecord` or null. */
  | { readonly type: 'route'; readonly id: string; readonly keyId: string | null };

export type FromWorker =
  | { readonly type: 'serving'; readonly url: string; readonly port: number; readonly models: readonly string[] }
  | { readonly type: 'ask'; readonly id: number; readonly question: WorkerQuestion }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown };

export type ToWorker =
  | { readonly type: 'ask'; readonly id: number; readonly question: WorkerQuestion }
  | { readonly type: 'answers'; readonly id: number; readonly answers: readonly unknown[] }
  | { readonly type: 'drain' };

/** In the environment of a worker: its number from 1, and the port where another worker serves already. */
export const workerVariable = 'SPILLWAY_WORKER';
export const portVariable = 'SPILLWAY_WORKER_PORT';
/** The channel to the engine hosts among a worker's files, after input, output, errors and its messages. */
export const hostChannel = 4;
