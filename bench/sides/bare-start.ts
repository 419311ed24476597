/**
 * The least that a process must do for a first token: load llama.cpp and a model, read a prompt, pick a token.
 * Arguments: model file, threads. Prints one line when it has the token.
 */
import { argmax } from '../../src/engine/host/candidates.js';
import { createBatch } from '../../src/llama/batch.js';
import { loadLlama } from '../../src/llama/load-llama.js';
import { viewFloats } from '../../src/llama/native-memory.js';
import { openBareModel } from '../open-bare-model.js';
import { randomTokens } from '../prompts.js';

/** About as long as "wake me at 6:30 tomorrow" with a template around it. */
const promptTokens = 24;

const [modelPath, threads] = process.argv.slice(2);
if (modelPath === undefined) throw new Error('Usage: bare-start MODEL THREADS');
const llama = loadLlama();
const { context, vocabularySize, batchRows } = openBareModel(llama, {
  modelPath,
  contextLength: 512,
  parallel: 1,
  threads: Number(threads),
});
const batch = createBatch(batchRows);
for (const [position, token] of randomTokens(1, promptTokens, vocabularySize).entries())
  batch.add(token, position, 0, position === promptTokens - 1);
const status = llama.llama_decode(context, batch.struct);
if (status !== 0) throw new Error(`llama_decode returned ${status}`);
const token = argmax(viewFloats(llama.llama_get_logits(context)!, vocabularySize));
process.stdout.write(`${token}\n`, () => process.exit(0));
