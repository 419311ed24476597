/**
 * Checks that the loaded library is the one that `structs.ts` describes, before any struct is trusted.
 *
 * llama.cpp moves fields between releases. The default-parameter functions return structs whose values are known; a
 * wrong layout shows as a wrong value. A badly wrong one can crash, so callers run the first load in a child process
 * (the engine host is one; `check-binding.ts` makes one for the others).
 */
import { LlamaError } from './llama-error.js';
import type { ContextParams, ModelParams, QuantizeParams } from './structs.js';

interface LayoutSource {
  llama_version(): string;
  llama_model_default_params(): ModelParams;
  llama_context_default_params(): ContextParams;
  llama_model_quantize_default_params(): QuantizeParams;
}

type Expected = Readonly<Record<string, number | boolean | null>>;

const modelDefaults: Expected = {
  devices: null,
  tensor_buft_overrides: null,
  n_gpu_layers: -1,
  split_mode: 1,
  load_mode: -1,
  main_gpu: 0,
  tensor_split: null,
  progress_callback: null,
  progress_callback_user_data: null,
  kv_overrides: null,
  vocab_only: false,
  check_tensors: false,
  use_extra_bufts: true,
  no_host: false,
  no_alloc: false,
};

const contextDefaults: Expected = {
  n_ctx: 512,
  n_batch: 2048,
  n_ubatch: 512,
  n_seq_max: 1,
  rope_scaling_type: -1,
  pooling_type: -1,
  attention_type: -1,
  flash_attn_type: -1,
  rope_freq_base: 0,
  rope_freq_scale: 0,
  yarn_ext_factor: -1,
  yarn_attn_factor: -1,
  yarn_beta_fast: -1,
  yarn_beta_slow: -1,
  yarn_orig_ctx: 0,
  defrag_thold: -1,
  cb_eval: null,
  type_k: 1,
  type_v: 1,
  abort_callback: null,
  embeddings: false,
  offload_kqv: true,
  no_perf: true,
  op_offload: true,
  swa_full: true,
  kv_unified: false,
  samplers: null,
  n_samplers: 0,
  ctx_other: null,
};

const quantizeDefaults: Expected = {
  nthread: 0,
  allow_requantize: false,
  quantize_output_tensor: true,
  only_copy: false,
  pure: false,
  keep_split: false,
  dry_run: false,
  imatrix: null,
  kv_overrides: null,
  tt_overrides: null,
  prune_layers: null,
};

const differences = (label: string, actual: object, expected: Expected): string[] =>
  Object.entries(expected).flatMap(([field, value]) => {
    const found = (actual as Record<string, unknown>)[field];
    return found === value || (value === null && found === 0n)
      ? []
      : [`${label}.${field} is ${String(found)}, expected ${String(value)}`];
  });

/** Throws LlamaError `layout-mismatch` naming the release and each field that is off. */
export const verifyLayout = (library: LayoutSource, pinnedVersion: string): void => {
  const version = library.llama_version();
  const problems = [
    ...(version.split('-')[0] === pinnedVersion ? [] : [`llama_version() is ${version}, expected ${pinnedVersion}`]),
    ...differences('llama_model_params', library.llama_model_default_params(), modelDefaults),
    ...differences('llama_context_params', library.llama_context_default_params(), contextDefaults),
    ...differences('llama_model_quantize_params', library.llama_model_quantize_default_params(), quantizeDefaults),
  ];
  if (problems.length > 0)
    throw new LlamaError(
      'layout-mismatch',
      `Cannot use this llama.cpp binary: ${problems.slice(0, 5).join('; ')}. Install the version of the package that package.json pins.`,
    );
};
