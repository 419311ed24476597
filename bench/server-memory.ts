/**
 * Question: how much memory does the HTTP server process hold, idle and after 2,000 requests with 32 streams at once?
 * The engine host is another process and not counted; its memory is the model's.
 *
 * Ceiling: a Node process that has loaded nothing holds about 45 MB; what is above it is Fastify, schemas, templates,
 * streams in flight and what the garbage collector has not taken back yet.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Bench, BenchOutcome, BenchRow, BenchSettings } from './bench.js';
import type { ClientProtocol } from './http-client.js';
import { embeddedModelPath, pocketModel } from './models.js';
import { residentMegabytes } from './process-memory.js';
import { type ServerProcess, startSpillway } from './server-process.js';
import { startSide } from './side-process.js';
import { createRow } from './statistics.js';

const streams = 32;
const answerTokens = 16;
const limitMegabytes = 120;
/** The time that a server is left alone before its memory is read. */
const settleMs = 2000;

/** A model to serve and what to ask it: noise for one that writes text, requests of people for the embedded one. */
interface Case {
  readonly label: string;
  readonly modelPath: string | null;
  readonly messages: readonly string[] | null;
}

const cases = (): Case[] => [
  { label: 'pocket size Q8_0', modelPath: pocketModel().path, messages: null },
  ...(embeddedModelPath() === null
    ? []
    : [
        {
          label: 'embedded model',
          modelPath: null,
          messages: ['wake me at 6:30 tomorrow', 'what is the capital of Peru', 'turn the lights off', 'flip a coin'],
        },
      ]),
];

interface Figures {
  readonly idle: number;
  readonly after: number;
  readonly peak: number;
}

const measure = async (
  { modelPath, messages }: Case,
  options: { readonly requests: number; readonly round: number; readonly threads: number },
): Promise<Figures> => {
  const client = startSide<ClientProtocol>('http-client');
  let server: ServerProcess | undefined;
  try {
    server = await startSpillway({
      ...(modelPath === null ? {} : { modelPath }),
      parallel: streams,
      contextLength: 512,
      threads: options.threads,
    });
    await wait(settleMs);
    const idle = residentMegabytes(server.pid).now;
    await client.ask('stream', {
      url: server.url,
      kind: 'chat',
      ...(messages === null ? {} : { messages }),
      requests: options.requests,
      concurrency: streams,
      promptLength: 64,
      tokens: answerTokens,
      vocabularySize: 0,
      seed: options.round,
    });
    await wait(settleMs);
    const used = residentMegabytes(server.pid);
    return { idle, after: used.now, peak: used.peak };
  } finally {
    await server?.stop();
    await client.close();
  }
};

const measureCase = async (one: Case, settings: BenchSettings): Promise<BenchRow[]> => {
  const requests = settings.quick ? 64 : 2000;
  const figures: Figures[] = [];
  for (let round = 0; round < settings.rounds; round++) {
    const figure = await measure(one, { requests, round, threads: settings.threads });
    figures.push(figure);
    settings.report(
      `${one.label}, round ${round + 1}/${settings.rounds}: idle ${figure.idle.toFixed(1)} MB, ` +
        `after ${requests} requests ${figure.after.toFixed(1)} MB, at most ${figure.peak.toFixed(1)} MB`,
    );
  }
  const idle = { name: 'idle', values: figures.map((figure) => figure.idle) };
  const target = { on: 'median', bound: 'at-most', value: limitMegabytes } as const;
  const load = `${requests} requests with ${streams} streams`;
  return [
    createRow({ what: `${one.label}, idle`, unit: 'MB', ours: idle, target }),
    createRow({
      what: `${one.label}, after ${load}`,
      unit: 'MB',
      ours: { name: 'after', values: figures.map((figure) => figure.after) },
      other: idle,
      target,
    }),
    createRow({
      what: `${one.label}, the most during ${load}`,
      unit: 'MB',
      ours: { name: 'at most', values: figures.map((figure) => figure.peak) },
      other: idle,
    }),
  ];
};

const run = async (settings: BenchSettings): Promise<BenchOutcome> => {
  const rows: BenchRow[] = [];
  for (const one of cases()) rows.push(...(await measureCase(one, settings)));
  return { rows, notes: ['MB is a million bytes; the process of `spillway serve`, not its engine host.'] };
};

export const serverMemory: Bench = {
  name: 'server-memory',
  question: 'Resident memory of the HTTP server process, idle and after 2,000 requests with 32 streams',
  ceiling: 'A Node process that has loaded nothing: about 45 MB',
  run,
};
