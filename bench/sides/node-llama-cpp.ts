/**
 * node-llama-cpp as its guide recommends for speed: one context with as many sequences as decode at once, batching by
 * the library, greedy `sequence.evaluate`. It hands out token ids only; the engine makes text besides.
 */
import { pathToFileURL } from 'node:url';
import { type DecodeProtocol, type DecodeQuestion, type OpenQuestion, promptSeed } from '../decode-side.js';
import { nodeLlamaCppEntry } from '../peers.js';
import { randomTokens } from '../prompts.js';
import { serveSide } from '../side-main.js';

/** The part of its API that is used here. */
interface PeerSequence {
  evaluate(
    tokens: number[],
    options: { readonly temperature: number; readonly yieldEogToken: boolean },
  ): AsyncGenerator<number>;
  clearHistory(): Promise<void>;
  dispose(): void;
}
interface PeerContext {
  getSequence(): PeerSequence;
  dispose(): Promise<void>;
}
interface PeerModel {
  createContext(options: {
    readonly sequences: number;
    readonly contextSize: number;
    readonly batchSize: number;
    readonly threads: number;
    readonly flashAttention: 'auto';
  }): Promise<PeerContext>;
}
interface Peer {
  getLlama(options: {
    readonly gpu: false;
    readonly build: 'never';
    readonly maxThreads: number;
    readonly logLevel: string;
  }): Promise<{ loadModel(options: { readonly modelPath: string }): Promise<PeerModel> }>;
}

let opened: { readonly model: PeerModel; readonly question: OpenQuestion } | undefined;
let current: { readonly context: PeerContext; readonly sequences: readonly PeerSequence[] } | undefined;

/** A context for exactly so many sequences, kept while the number stays. */
const sequencesFor = async (count: number): Promise<readonly PeerSequence[]> => {
  if (opened === undefined) throw new Error('no model is open');
  if (current?.sequences.length !== count) {
    await current?.context.dispose();
    const context = await opened.model.createContext({
      sequences: count,
      contextSize: opened.question.contextLength,
      batchSize: 512,
      threads: opened.question.threads,
      flashAttention: 'auto',
    });
    current = { context, sequences: Array.from({ length: count }, () => context.getSequence()) };
  }
  for (const sequence of current.sequences) await sequence.clearHistory();
  return current.sequences;
};

const decode = async ({ sequences, promptTokens, tokens, vocabularySize, seed }: DecodeQuestion) => {
  const slots = await sequencesFor(sequences);
  const prompts = slots.map((_, index) => randomTokens(promptSeed(seed, index), promptTokens, vocabularySize));
  const started = performance.now();
  await Promise.all(
    slots.map(async (slot, index) => {
      let made = 0;
      for await (const _ of slot.evaluate(prompts[index]!, { temperature: 0, yieldEogToken: true }))
        if (++made === tokens) break;
    }),
  );
  return { seconds: (performance.now() - started) / 1000, tokens: sequences * tokens };
};

serveSide<DecodeProtocol>({
  open: async (question) => {
    const entry = nodeLlamaCppEntry();
    if (entry === null) throw new Error('node-llama-cpp is not installed');
    const peer = (await import(pathToFileURL(entry).href)) as Peer;
    const llama = await peer.getLlama({
      gpu: false,
      build: 'never',
      maxThreads: question.threads,
      logLevel: 'error',
    });
    opened = { model: await llama.loadModel({ modelPath: question.modelPath }), question };
    return null;
  },
  decode,
});
