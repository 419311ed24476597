/**
 * Opens a model on the binding with the settings that the engine host uses, and nothing of the engine itself.
 */
import { prefersFlash } from '../src/engine/host/load-model.js';
import type { Llama } from '../src/llama/load-llama.js';
import type { Pointer } from '../src/llama/structs.js';
import { createThreadPool } from '../src/llama/thread-pool.js';
import type { OpenQuestion } from './decode-side.js';

export interface BareModel {
  readonly model: Pointer;
  readonly context: Pointer;
  readonly vocabularySize: number;
  /** Rows that one `llama_decode` takes. */
  readonly batchRows: number;
}

const batchRows = 512;

const headWidth = (llama: Llama, model: Pointer): number =>
  llama.llama_model_n_embd(model) / llama.llama_model_n_head(model);

export const openBareModel = (
  llama: Llama,
  { modelPath, contextLength, parallel, threads }: OpenQuestion,
): BareModel => {
  const model = llama.llama_model_load_from_file(modelPath, llama.llama_model_default_params());
  if (model === null) throw new Error(`Cannot load ${modelPath}`);
  const context = llama.llama_init_from_model(model, {
    ...llama.llama_context_default_params(),
    n_ctx: contextLength * parallel,
    n_batch: batchRows,
    n_ubatch: 128,
    flash_attn_type: prefersFlash(parallel, headWidth(llama, model)) ? 1 : 0,
    n_seq_max: parallel,
    n_outputs_max: parallel,
    n_threads: threads,
    n_threads_batch: threads,
    kv_unified: false,
    no_perf: true,
  });
  if (context === null) throw new Error(`Cannot make a context of ${parallel} times ${contextLength} tokens`);
  const pool = createThreadPool(llama, { threads, poll: 1 });
  if (pool !== null) llama.llama_attach_threadpool(context, pool, pool);
  return {
    model,
    context,
    vocabularySize: llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model)),
    batchRows,
  };
};
