/**
 * Question: how much memory does the HTTP server process hold, idle and after 2,000 requests with 32 streams at once?
 * The engine host is another process and not counted; its memory is the model's.
 *
 * Ceiling: a Node process that has loaded nothing holds about 45 MB; what is above it is Fastify, schemas, templates,
 * streams in flight and what the garbage collector has not taken back yet.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Bench, BenchSettings } from './bench.js';
import type { ClientProtocol } from './http-client.js';
import { pocketModel } from './models.js';
import { startSpillway } from './server-process.js';
import { startSide } from './side-process.js';
import { createRow } from './statistics.js';

const streams = 32;
const answerTokens = 16;
const limitMegabytes = 120;
/** The time that a server is left alone before its memory is read. */
const settleMs = 2000;

/** Millions of bytes that are in memory now, and the most there ever were (the same where the system does not say). */
const residentMegabytes = (pid: number): { readonly now: number; readonly peak: number } => {
  if (process.platform === 'linux') {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const read = (field: string): number =>
      (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
    return { now: read('VmRSS'), peak: read('VmHWM') };
  }
  const now = (Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024) / 1e6;
  return { now, peak: now };
};

const run = async (settings: BenchSettings) => {
  const model = pocketModel();
  const requests = settings.quick ? 64 : 2000;
  const idle: number[] = [];
  const after: number[] = [];
  const peak: number[] = [];
  for (let round = 0; round < settings.rounds; round++) {
    const client = startSide<ClientProtocol>('http-client');
    const server = await startSpillway({
      modelPath: model.path,
      parallel: streams,
      contextLength: 512,
      threads: settings.threads,
    });
    try {
      await wait(settleMs);
      idle.push(residentMegabytes(server.pid).now);
      await client.ask('stream', {
        url: server.url,
        kind: 'chat',
        requests,
        concurrency: streams,
        promptLength: 64,
        tokens: answerTokens,
        vocabularySize: model.vocabularySize,
        seed: round,
      });
      await wait(settleMs);
      const used = residentMegabytes(server.pid);
      after.push(used.now);
      peak.push(used.peak);
      settings.report(
        `round ${round + 1}/${settings.rounds}: idle ${idle.at(-1)!.toFixed(1)} MB, after ${requests} requests ${used.now.toFixed(1)} MB, at most ${used.peak.toFixed(1)} MB`,
      );
    } finally {
      await server.stop();
      await client.close();
    }
  }
  const idleSide = { name: 'idle', values: idle };
  const target = { on: 'median', bound: 'at-most', value: limitMegabytes } as const;
  return {
    rows: [
      createRow({
        what: 'HTTP server process, idle',
        unit: 'MB',
        ours: idleSide,
        target,
      }),
      createRow({
        what: `HTTP server process, after ${requests} requests with ${streams} streams`,
        unit: 'MB',
        ours: { name: 'after', values: after },
        other: idleSide,
        target,
      }),
      createRow({
        what: `HTTP server process, the most during ${requests} requests with ${streams} streams`,
        unit: 'MB',
        ours: { name: 'at most', values: peak },
        other: idleSide,
      }),
    ],
    notes: ['MB is a million bytes.'],
  };
};

export const serverMemory: Bench = {
  name: 'server-memory',
  question: 'Resident memory of the HTTP server process, idle and after 2,000 requests with 32 streams',
  ceiling: 'A Node process that has loaded nothing: about 45 MB',
  run,
};
