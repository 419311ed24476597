/**
 * The engine as its users see it: requests go into `generate`, text comes back; the host process computes.
 */
import type { Engine, GenerateRequest } from '../../src/engine/engine.js';
import { createHostEngine } from '../../src/engine/host-engine.js';
import { type DecodeAnswer, type DecodeQuestion, promptSeed } from '../decode-side.js';
import type { EngineProtocol, TextQuestion, TtftQuestion } from '../engine-side.js';
import { chatPrompt, randomText, randomTokens } from '../prompts.js';
import { serveSide } from '../side-main.js';

let engine: Engine | undefined;

const opened = (): Engine => {
  if (engine === undefined) throw new Error('no model is open');
  return engine;
};

const fixed = { ignoreEos: true, sampling: { temperature: 0 } } as const;

/** Runs the requests at once, to their ends; returns the time and what was decoded and read. */
const runAll = async (
  prompts: readonly GenerateRequest['prompt'][],
  tokens: number,
): Promise<DecodeAnswer & { readonly promptTokens: number }> => {
  const running = opened();
  let decoded = 0;
  let read = 0;
  const started = performance.now();
  await Promise.all(
    prompts.map(async (prompt) => {
      for await (const event of running.generate({ ...fixed, prompt, maxTokens: tokens }))
        if (event.type === 'end') {
          decoded += event.usage.completionTokens;
          read += event.usage.promptTokens;
        }
    }),
  );
  return { seconds: (performance.now() - started) / 1000, tokens: decoded, promptTokens: read };
};

const decode = ({ sequences, promptTokens, tokens, vocabularySize, seed }: DecodeQuestion): Promise<DecodeAnswer> =>
  runAll(
    Array.from({ length: sequences }, (_, sequence) =>
      randomTokens(promptSeed(seed, sequence), promptTokens, vocabularySize),
    ),
    tokens,
  );

const decodeText = ({ sequences, promptLength, tokens, seed }: TextQuestion) =>
  runAll(
    Array.from({ length: sequences }, (_, sequence) =>
      chatPrompt(randomText(promptSeed(seed, sequence), promptLength)),
    ),
    tokens,
  );

/** Submission to the first text, as the caller sees it. */
const ttft = async ({ sharedTokens, ownTokens, vocabularySize, seed, ownSeed }: TtftQuestion) => {
  const prompt = [
    ...randomTokens(seed, sharedTokens, vocabularySize),
    ...randomTokens(ownSeed, ownTokens, vocabularySize),
  ];
  let cachedTokens = 0;
  let firstMs = Number.NaN;
  const started = performance.now();
  for await (const event of opened().generate({ ...fixed, prompt, maxTokens: 2 })) {
    if (event.type === 'text' && Number.isNaN(firstMs)) firstMs = performance.now() - started;
    if (event.type === 'end') cachedTokens = event.usage.cachedTokens;
  }
  return { ttftMs: firstMs, cachedTokens };
};

serveSide<EngineProtocol>(
  {
    open: async ({ modelPath, contextLength, parallel, threads }) => {
      engine = await createHostEngine({ name: 'bench', modelPath, contextLength, parallel, threads });
      return null;
    },
    decode,
    decodeText,
    ttft,
  },
  () => engine?.close({ drainMs: 0 }),
);
