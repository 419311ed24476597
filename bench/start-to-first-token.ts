/**
 * Question: how long from typing `spillway serve` to the first token of the embedded model, process start included?
 *
 * Ceiling: one bare process that starts Node, loads llama.cpp and the model, reads a prompt of the same size and
 * decodes a token, with no server, no engine process and no check in between.
 */
import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { alternate } from './alternate.js';
import type { Bench, BenchSettings } from './bench.js';
import { embeddedModelPath, pocketModel } from './models.js';
import { startSpillway } from './server-process.js';
import { endWithBench } from './side-process.js';
import { createRow, median } from './statistics.js';

const standInNote = 'The embedded model was not there; a random model of its size took its place.';

/** The part of a streamed event that shows that a token was decoded: text, or a tool call. */
const firstToken = /"content":"[^"]|"tool_calls":\[/;

/** Milliseconds from now to the first token of a streamed chat. */
const askFirstToken = (url: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify({
      messages: [{ role: 'user', content: 'wake me at 6:30 tomorrow' }],
      stream: true,
      max_tokens: 32,
      temperature: 0,
    });
    const call = request(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
    });
    call.once('error', reject);
    call.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (firstToken.test(text)) resolve();
      });
      response.once('end', () => reject(new Error(`The answer ended without a token: ${text.slice(0, 500)}`)));
    });
    call.end(body);
  });

interface Start {
  readonly firstTokenMs: number;
  readonly listeningMs: number;
}

const startServer = async (modelPath: string | null, threads: number): Promise<Start> => {
  const started = performance.now();
  const server = await startSpillway({ ...(modelPath === null ? {} : { modelPath }), threads });
  try {
    await askFirstToken(server.url);
    return { firstTokenMs: performance.now() - started, listeningMs: server.listeningMs };
  } finally {
    await server.stop();
  }
};

const startBare = (modelPath: string, threads: number): Promise<Start> =>
  new Promise((resolve, reject) => {
    const program = fileURLToPath(new URL('./sides/bare-start.js', import.meta.url));
    const started = performance.now();
    const child = spawn(process.execPath, [program, modelPath, String(threads)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    endWithBench(child);
    let firstTokenMs = Number.NaN;
    child.stdout.once('data', () => {
      firstTokenMs = performance.now() - started;
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve({ firstTokenMs, listeningMs: 0 });
      else reject(new Error(`The bare process ended with exit code ${code}`));
    });
  });

const run = async (settings: BenchSettings) => {
  const embedded = embeddedModelPath();
  const bareModel = embedded ?? pocketModel().path;
  const sides = {
    ours: () => startServer(embedded === null ? bareModel : null, settings.threads),
    other: () => startBare(bareModel, settings.threads),
  };
  // Files that were never read come from the disk; that is another question.
  await alternate(1, sides);
  const turns = await alternate(settings.quick ? settings.rounds : Math.max(11, settings.rounds), sides);
  const firstTokens = ({ firstTokenMs }: Start): number => firstTokenMs;
  settings.report(
    `first token after ${median(turns.ours.map(firstTokens)).toFixed(0)} ms, bare process ${median(turns.other.map(firstTokens)).toFixed(0)} ms`,
  );
  const listeningMs = median(turns.ours.map((start) => start.listeningMs));
  return {
    rows: [
      createRow({
        what: embedded
          ? 'embedded model, process start to first token'
          : 'pocket size Q8_0, process start to first token',
        unit: 'ms',
        ours: { name: 'spillway serve', values: turns.ours.map(firstTokens) },
        other: { name: 'bare process', values: turns.other.map(firstTokens) },
        target: { on: 'median', bound: 'at-most', value: 1000 },
      }),
    ],
    notes: [
      `It listens after ${listeningMs.toFixed(0)} ms (median), with the model loaded. All files were in the page cache.`,
      ...(embedded === null ? [standInNote] : []),
    ],
  };
};

export const startToFirstToken: Bench = {
  name: 'start-to-first-token',
  question: 'From spawning spillway serve to the first token of the embedded model, process start included',
  ceiling: 'A bare process that loads llama.cpp and the model and decodes one token',
  run,
};
