/**
 * The ceiling: a plain loop of `llama_decode` and argmax on the engine's own binding. No scheduler, no text, no
 * requests, no second process: what is left of an engine when everything but computing is taken away.
 */
import { argmax } from '../../src/engine/host/candidates.js';
import { type Batch, createBatch } from '../../src/llama/batch.js';
import { type Llama, loadLlama } from '../../src/llama/load-llama.js';
import { viewFloats } from '../../src/llama/native-memory.js';
import type { Pointer } from '../../src/llama/structs.js';
import { type DecodeAnswer, type DecodeProtocol, type DecodeQuestion, promptSeed } from '../decode-side.js';
import { openBareModel } from '../open-bare-model.js';
import { randomTokens } from '../prompts.js';
import { serveSide } from '../side-main.js';

interface Loop {
  readonly llama: Llama;
  readonly context: Pointer;
  readonly vocabularySize: number;
  readonly batch: Batch;
}

const compute = ({ llama, context, batch }: Loop): void => {
  const status = llama.llama_decode(context, batch.struct);
  if (status !== 0) throw new Error(`llama_decode of ${batch.size} tokens returned ${status}`);
};

/** The likeliest next token of each of the first `count` outputs. */
const pick = ({ llama, context, vocabularySize }: Loop, count: number, into: Int32Array): void => {
  const logits = viewFloats(llama.llama_get_logits(context)!, count * vocabularySize);
  for (let index = 0; index < count; index++)
    into[index] = argmax(logits.subarray(index * vocabularySize, (index + 1) * vocabularySize));
};

const decode = (
  loop: Loop,
  { sequences, promptTokens, tokens, vocabularySize, seed }: DecodeQuestion,
): DecodeAnswer => {
  const { llama, context, batch } = loop;
  const prompts = Array.from({ length: sequences }, (_, sequence) =>
    randomTokens(promptSeed(seed, sequence), promptTokens, vocabularySize),
  );
  llama.llama_memory_clear(llama.llama_get_memory(context), false);
  const next = new Int32Array(sequences);
  const started = performance.now();
  batch.clear();
  for (const [sequence, prompt] of prompts.entries())
    for (const [position, token] of prompt.entries())
      batch.add(token, position, sequence, position === prompt.length - 1);
  compute(loop);
  pick(loop, sequences, next);
  for (let step = 1; step < tokens; step++) {
    batch.clear();
    for (let sequence = 0; sequence < sequences; sequence++)
      batch.add(next[sequence]!, promptTokens + step - 1, sequence, true);
    compute(loop);
    pick(loop, sequences, next);
  }
  return { seconds: (performance.now() - started) / 1000, tokens: sequences * tokens };
};

let loop: Loop | undefined;

serveSide<DecodeProtocol>({
  open: (question) => {
    const llama = loadLlama();
    const { context, vocabularySize, batchRows } = openBareModel(llama, question);
    loop = { llama, context, vocabularySize, batch: createBatch(batchRows) };
    return null;
  },
  decode: (question) => {
    if (loop === undefined) throw new Error('no model is open');
    return decode(loop, question);
  },
});
